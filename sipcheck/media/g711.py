"""G.711: 16-bit samples as one octet each, by µ law and by A law (ITU-T G.711, RFC 3551 §4.5.14)."""

from collections.abc import Callable, Iterable, Mapping

from sipcheck.media.codec import Codec

_BIAS = 132  # µ law: added before the segment is looked for, so that each is twice as long as the one below
_CLIP = 32635
_A_LAW_TOGGLE = 0x55  # every other bit is turned over on the line


def encode(samples: Iterable[int], codec: Codec) -> bytes:
    """Code samples from -32768 to 32767."""
    return bytes(map(_ENCODERS[codec], samples))


def decode(payload: bytes, codec: Codec) -> tuple[int, ...]:
    """Give the samples that the octets stand for."""
    table = _DECODED[codec]
    return tuple(table[octet] for octet in payload)


def transcode(payload: bytes, source: Codec, target: Codec) -> bytes:
    """Code the samples of one law by the other, as a gateway between two networks does."""
    return payload if source is target else encode(decode(payload, source), target)


def _to_mu_law(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = magnitude.bit_length() - 8
    mantissa = magnitude >> (exponent + 3) & 0x0F
    return ~(sign | exponent << 4 | mantissa) & 0xFF


def _from_mu_law(octet: int) -> int:
    code = ~octet & 0xFF
    magnitude = (((code & 0x0F) << 3) + _BIAS << (code >> 4 & 0x07)) - _BIAS
    return -magnitude if code & 0x80 else magnitude


def _to_a_law(sample: int) -> int:
    sign = 0x80 if sample >= 0 else 0
    magnitude = (sample if sample >= 0 else ~sample) >> 4  # 12 bits without the sign
    exponent = max(0, magnitude.bit_length() - 4)
    mantissa = magnitude >> max(0, exponent - 1) & 0x0F
    return (sign | min(exponent, 7) << 4 | mantissa) ^ _A_LAW_TOGGLE


def _from_a_law(octet: int) -> int:
    code = octet ^ _A_LAW_TOGGLE
    exponent, mantissa = code >> 4 & 0x07, code & 0x0F
    magnitude = (mantissa << 4) + 8
    if exponent:
        magnitude = magnitude + 0x100 << exponent - 1
    return magnitude if code & 0x80 else -magnitude


_ENCODERS: Mapping[Codec, Callable[[int], int]] = {Codec.PCMU: _to_mu_law, Codec.PCMA: _to_a_law}
_DECODED: Mapping[Codec, tuple[int, ...]] = {
    Codec.PCMU: tuple(map(_from_mu_law, range(256))),
    Codec.PCMA: tuple(map(_from_a_law, range(256))),
}
