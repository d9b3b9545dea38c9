"""The two codecs that every telephone network speaks: G.711 in its two laws (RFC 3551 §4.5.14)."""

from enum import StrEnum

SAMPLE_RATE = 8000
FRAME_MS = 20
FRAME_SECONDS = FRAME_MS / 1000
FRAME_SAMPLES = SAMPLE_RATE * FRAME_MS // 1000  # of one octet each


class Codec(StrEnum):
    """Either law; the order in which they are offered is the caller's."""

    PCMU = "pcmu"
    PCMA = "pcma"

    @property
    def payload_type(self) -> int:
        """The static payload type (RFC 3551 §6, Table 4)."""
        return 0 if self is Codec.PCMU else 8

    @property
    def mapping(self) -> str:
        """What stands for it in an `rtpmap` (RFC 4566 §6)."""
        return f"{self.upper()}/{SAMPLE_RATE}"

    @classmethod
    def mapped(cls, encoding: str) -> "Codec | None":
        """Find the codec of an `rtpmap`, such as `PCMA/8000` or `pcmu/8000/1`; None for any other."""
        name, _, rest = encoding.strip().partition("/")
        rate, _, channels = rest.partition("/")
        if rate.strip() != str(SAMPLE_RATE) or channels.strip() not in ("", "1"):
            return None
        return next((each for each in cls if each == name.strip().lower()), None)


DEFAULT_CODECS = (Codec.PCMU, Codec.PCMA)
