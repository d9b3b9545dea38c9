"""What we offer: one audio stream by G.711 (RFC 3264 §5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sipcheck.media.codec import DEFAULT_CODECS, FRAME_MS, SAMPLE_RATE, Codec
from sipcheck.media.encryption import SrtpKey
from sipcheck.media.session_description import MediaDirection
from sipcheck.target import HostPort

CONTENT_TYPE = "application/sdp"
# Keys that are pressed (RFC 4733): offered because some carriers refuse a call without; none is ever sent.
TELEPHONE_EVENT = 101

PLAIN = "RTP/AVP"
ENCRYPTED = "RTP/SAVP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """`media` is the address and port where RTP is awaited; with a `key` the media is to be encrypted.

    `session_id` is a number of the caller's choice, which no other session of this machine has.
    """

    media: HostPort
    session_id: int
    codecs: Sequence[Codec] = DEFAULT_CODECS
    key: SrtpKey | None = field(default=None, repr=False)
    direction: MediaDirection = MediaDirection.SENDRECV

    @property
    def protocol(self) -> str:
        return PLAIN if self.key is None else ENCRYPTED

    def body(self) -> bytes:
        """Write it as SDP; answers are written so too, by whoever takes calls."""
        return write_session(
            media=self.media,
            session_id=self.session_id,
            protocol=self.protocol,
            codecs=self.codecs,
            telephone_event=TELEPHONE_EVENT,
            direction=self.direction,
            key=self.key,
        )


def write_session(
    *,
    media: HostPort,
    session_id: int,
    protocol: str,
    codecs: Sequence[Codec],
    telephone_event: int | None,
    direction: MediaDirection,
    key: SrtpKey | None = None,
) -> bytes:
    """Write a session of one audio stream (RFC 4566 §5)."""
    family = "IP6" if ":" in media.host else "IP4"
    types = [str(codec.payload_type) for codec in codecs]
    lines = [
        "v=0",
        f"o=- {session_id} {session_id} IN {family} {media.host}",
        "s=-",
        f"c=IN {family} {media.host}",
        "t=0 0",
        f"m=audio {media.port} {protocol} {' '.join([*types, *_text(telephone_event)])}",
        *(f"a=rtpmap:{codec.payload_type} {codec.mapping}" for codec in codecs),
    ]
    if telephone_event is not None:
        lines += [
            f"a=rtpmap:{telephone_event} telephone-event/{SAMPLE_RATE}",
            f"a=fmtp:{telephone_event} 0-16",
        ]
    if key is not None:
        lines.append(key.attribute)
    lines += [f"a=ptime:{FRAME_MS}", f"a={direction}"]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _text(number: int | None) -> tuple[str, ...]:
    return () if number is None else (str(number),)
