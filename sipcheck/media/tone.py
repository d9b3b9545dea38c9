"""What a test call lets the other side hear: a soft tone that swells once a second, made here and nobody's recording.

Its frames differ from one another, so that one which comes back unchanged is known again.
"""

import math
from functools import lru_cache

from sipcheck.media.codec import FRAME_SAMPLES, SAMPLE_RATE, Codec
from sipcheck.media.g711 import encode, transcode

# No network's own tone: those of ringing, dialling and busy lie from 350 to 480 Hz, and at 620 Hz.
_HERTZ = 523
_AMPLITUDE = 2000  # about -24 dB below full scale
# Fewer different octets are next to silence, which comes back from anywhere.
_TELLING_OCTETS = 16


@lru_cache
def tone_frames(codec: Codec) -> tuple[bytes, ...]:
    """A second of it, frame by frame; to be repeated, since it ends as it begins."""
    samples = [
        round(
            _AMPLITUDE
            * math.sin(math.pi * at / SAMPLE_RATE) ** 2
            * math.sin(math.tau * _HERTZ * at / SAMPLE_RATE)
        )
        for at in range(SAMPLE_RATE)
    ]
    coded = encode(samples, codec)
    return tuple(coded[start : start + FRAME_SAMPLES] for start in range(0, len(coded), FRAME_SAMPLES))


@lru_cache
def known_again(codec: Codec) -> frozenset[bytes]:
    """The frames that prove an echo when they come by this codec, whichever of the two they left by."""
    return frozenset(
        transcode(frame, sent_by, codec)
        for sent_by in Codec
        for frame in tone_frames(sent_by)
        if len(set(frame)) >= _TELLING_OCTETS
    )
