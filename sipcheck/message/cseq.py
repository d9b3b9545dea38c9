"""The CSeq header value (RFC 3261 §20.16)."""

from dataclasses import dataclass

from sipcheck.errors import Unreadable
from sipcheck.message.grammar import is_token, read_integer

MAXIMUM_CSEQ = 2**31 - 1  # RFC 3261 §8.1.1.5


@dataclass(frozen=True, slots=True)
class CSeq:
    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Read `number method`. Raises Unreadable."""
        match text.split(maxsplit=1):
            case [number, method] if is_token(method):
                return cls(read_integer(number, MAXIMUM_CSEQ), method)
        raise Unreadable("message.fault.cseq")

    def __str__(self) -> str:
        return f"{self.number} {self.method}"
