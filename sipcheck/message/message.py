"""Requests and responses as values (RFC 3261 §7)."""

import re
from dataclasses import dataclass

from sipcheck.message.cseq import CSeq
from sipcheck.message.headers import Headers
from sipcheck.message.via import Via

_DELTA_SECONDS = re.compile(r"[0-9]{1,10}(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What both have. `defects` are stable codes of what was sloppy in the bytes."""

    headers: Headers
    body: bytes
    vias: tuple[Via, ...]
    call_id: str
    cseq: CSeq
    from_tag: str | None
    to_tag: str | None
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message):
    method: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(Message):
    status: int
    phrase: str

    @property
    def retry_after_seconds(self) -> int | None:
        """Retry-After's delta-seconds, without its comment and parameters (§20.33)."""
        seconds = _DELTA_SECONDS.match(self.headers.get("Retry-After") or "")
        return int(seconds[0]) if seconds else None

    @property
    def server(self) -> str | None:
        """Server, else the User-Agent that some send in its place (§20.35)."""
        return self.headers.get("Server") or self.headers.get("User-Agent")
