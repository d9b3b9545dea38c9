"""The few SIP messages that a call needs, written as text and read from it."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A message that came."""

    text: str

    @property
    def status(self) -> int | None:
        """The status of a response; a request has none."""
        match = re.match(r"SIP/2\.0 (\d{3})", self.text)
        return int(match[1]) if match else None

    @property
    def phrase(self) -> str:
        return self.text.partition("\r\n")[0].split(" ", 2)[-1]

    @property
    def body(self) -> str:
        return self.text.partition("\r\n\r\n")[2]

    def header(self, name: str) -> str | None:
        """Give a header's first value."""
        return next(iter(self.headers(name)), None)

    def headers(self, name: str) -> list[str]:
        head = self.text.partition("\r\n\r\n")[0] + "\r\n"
        return re.findall(rf"^{name}: *(.*?)\r$", head, re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialog:
    """What the requests of one call have in common."""

    local: tuple[str, int]
    transport: str
    call_id: str
    from_header: str
    contact: str

    def request(
        self,
        method: str,
        uri: str,
        *,
        to: str,
        cseq: int,
        branch: str,
        headers: Iterable[tuple[str, str]] = (),
        body: str = "",
    ) -> str:
        """Write a request."""
        host, port = self.local
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{self.transport} {host}:{port};branch={branch};alias",
            f"CSeq: {cseq} {method}",
            f"Call-ID: {self.call_id}",
            f"To: {to}",
            f"From: {self.from_header}",
            f"Contact: {self.contact}",
            "Max-Forwards: 70",
            *(f"{name}: {value}" for name, value in headers),
            f"Content-Length: {len(body.encode())}",
        ]
        return "".join(f"{line}\r\n" for line in [*lines, ""]) + body


def new_branch() -> str:
    return f"z9hG4bK.{secrets.token_hex(8)}"


def ok(request: str) -> str:
    """Answer a request with 200."""
    copied = [
        line
        for line in request.partition("\r\n\r\n")[0].split("\r\n")
        if re.match(r"(via|to|from|call-id|cseq):", line, re.IGNORECASE)
    ]
    return "".join(f"{line}\r\n" for line in ["SIP/2.0 200 OK", *copied, "Content-Length: 0", ""])


def host_of(uri_header: str) -> tuple[str, int]:
    """Give host and port of the URI in a Contact or Route."""
    match = re.search(r"sips?:(?:[^@<>;]*@)?(\[[^\]]*\]|[^:;>]+)(?::(\d+))?", uri_header)
    if match is None:
        raise ValueError(f"no URI in {uri_header!r}")
    return match[1].strip("[]"), int(match[2] or 5060)


def uri_of(header: str) -> str:
    """Give the URI of a Contact."""
    match = re.search(r"<([^>]*)>", header)
    return match[1] if match else header
