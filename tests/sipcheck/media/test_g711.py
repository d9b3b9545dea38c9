"""G.711 by both laws (ITU-T G.711)."""

import pytest

from sipcheck.media.codec import FRAME_SAMPLES, Codec
from sipcheck.media.g711 import decode, encode, transcode
from sipcheck.media.tone import known_again, tone_frames

# Samples and their octets, as the recommendation's tables have them.
TABLE = [
    (Codec.PCMU, 0, 0xFF),
    (Codec.PCMU, 32635, 0x80),
    (Codec.PCMU, 32767, 0x80),
    (Codec.PCMU, -32768, 0x00),
    (Codec.PCMU, 1000, 0xCE),
    (Codec.PCMU, -1000, 0x4E),
    (Codec.PCMA, 0, 0xD5),
    (Codec.PCMA, -1, 0x55),
    (Codec.PCMA, 32767, 0xAA),
    (Codec.PCMA, -32768, 0x2A),
    (Codec.PCMA, 1000, 0xFA),
    (Codec.PCMA, -1000, 0x7A),
]


@pytest.mark.parametrize(("codec", "sample", "octet"), TABLE)
def test_a_sample_has_its_octet(codec: Codec, sample: int, octet: int) -> None:
    assert encode([sample], codec) == bytes([octet])


@pytest.mark.parametrize("codec", Codec)
def test_each_octet_stands_for_a_sample_that_has_this_octet(codec: Codec) -> None:
    for octet in range(256):
        # µ law has two octets for zero; the positive one is written.
        expected = 0xFF if (codec, octet) == (Codec.PCMU, 0x7F) else octet
        assert encode(decode(bytes([octet]), codec), codec) == bytes([expected])


@pytest.mark.parametrize("codec", Codec)
def test_what_is_decoded_is_near_what_was_coded(codec: Codec) -> None:
    for sample in range(-32000, 32001, 37):
        (decoded,) = decode(encode([sample], codec), codec)
        assert abs(decoded - sample) <= max(16, abs(sample) / 16)


@pytest.mark.parametrize("codec", Codec)
def test_the_tone_is_soft_and_ends_as_it_begins(codec: Codec) -> None:
    frames = tone_frames(codec)
    samples = decode(b"".join(frames), codec)
    assert {len(frame) for frame in frames} == {FRAME_SAMPLES}
    assert 1000 < max(map(abs, samples)) < 2200
    assert abs(samples[0] - samples[-1]) < 20


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("other", Codec)
def test_a_frame_is_known_again_though_a_gateway_changed_its_law(codec: Codec, other: Codec) -> None:
    loud = tone_frames(codec)[25]
    assert transcode(loud, codec, other) in known_again(other)


@pytest.mark.parametrize("codec", Codec)
def test_silence_proves_no_echo(codec: Codec) -> None:
    assert encode([0] * FRAME_SAMPLES, codec) not in known_again(codec)
    assert len(known_again(codec)) > 60
