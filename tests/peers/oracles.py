"""Two other readers of SIP, sippy and sipmessage, brought to one shape with ours; for differential tests alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sipmessage
from sippy.SipRequest import SipRequest
from sippy.SipResponse import SipResponse

from sipcheck.message.message import Request
from sipcheck.message.name_addr import NameAddr
from sipcheck.message.parser import parse
from sipcheck.message.uri import SipUri

# Read by none of the three beyond their text.
PLAIN_HEADERS = ("Max-Forwards", "User-Agent", "Server", "Subject", "Retry-After")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one reader makes of a message; IPv6 hosts stand without brackets, header values in order."""

    start: str | int  # the method, or the status
    call_id: str
    cseq: tuple[int, str]
    from_tag: str | None
    to_tag: str | None
    from_uri: str
    to_uri: str
    top_via: tuple[str, str, int | None, str | None]  # transport, host, port, branch
    via_count: int
    plain: tuple[tuple[str, ...], ...]
    body: bytes


def read_ours(data: bytes) -> Reading:
    """Read with sipcheck. Raises ParseError."""
    message = parse(data)
    via = message.vias[0]
    sides = [NameAddr.parse(message.headers.get(name) or "") for name in ("From", "To")]
    return Reading(
        start=message.method if isinstance(message, Request) else message.status,
        call_id=message.call_id,
        cseq=(message.cseq.number, message.cseq.method),
        from_tag=message.from_tag,
        to_tag=message.to_tag,
        from_uri=_written(sides[0].uri),
        to_uri=_written(sides[1].uri),
        top_via=(via.transport, via.host, via.port, via.branch),
        via_count=len(message.vias),
        plain=tuple(message.headers.get_all(name) for name in PLAIN_HEADERS),
        body=message.body,
    )


def _written(uri: str) -> str:
    """The URI as the oracles write it back: escapes that are not needed are taken out (§19.1.4 calls them equal)."""
    try:
        return str(SipUri.parse(uri))
    except ValueError:
        return uri


def read_sipmessage(data: bytes) -> Reading:
    """Read with sipmessage. Raises what it raises, of any kind."""
    message = sipmessage.Message.parse(data)
    via = message.via[0]
    return Reading(
        start=message.method if isinstance(message, sipmessage.Request) else message.code,
        call_id=message.call_id,
        cseq=(message.cseq.sequence, message.cseq.method),
        from_tag=message.from_address.parameters.get("tag"),
        to_tag=message.to_address.parameters.get("tag"),
        from_uri=str(message.from_address.uri),
        to_uri=str(message.to_address.uri),
        top_via=(via.transport, via.host.strip("[]"), via.port, via.parameters.get("branch")),
        via_count=len(message.via),
        plain=tuple(tuple(message.headers.getlist(name)) for name in PLAIN_HEADERS),
        body=message.body,
    )


def read_sippy(data: bytes) -> Reading:
    """Read with sippy. Raises what it raises, of any kind."""
    text = data.decode("utf-8", "surrogateescape")
    message: Any = (SipResponse if data.startswith(b"SIP/") else SipRequest)(text)
    for name in ("via", "from", "to", "cseq", "call-id"):
        for body in message.getHFBodys(name):
            if not body.parsed:
                body.parse()
    via, cseq = message.getHFBody("via"), message.getHFBody("cseq")
    sides = [message.getHFBody(name).address for name in ("from", "to")]
    body = message.getBody()
    return Reading(
        start=message.method if isinstance(message, SipRequest) else message.scode,
        call_id=str(message.getHFBody("call-id")),
        cseq=(cseq.cseq, cseq.method),
        from_tag=sides[0].params.get("tag"),
        to_tag=sides[1].params.get("tag"),
        from_uri=str(sides[0].url),
        to_uri=str(sides[1].url),
        top_via=(via.transport, via.hostname.strip("[]"), via.port, via.getBranch()),
        via_count=message.countHFs("via"),
        plain=tuple(tuple(str(each) for each in message.getHFBodys(name.lower())) for name in PLAIN_HEADERS),
        body=str(body).encode("utf-8", "surrogateescape") if body is not None else b"",
    )


ORACLES: dict[str, Callable[[bytes], Reading]] = {"sipmessage": read_sipmessage, "sippy": read_sippy}


def differences(ours: Reading, theirs: Reading) -> set[str]:
    """Name the fields that differ."""
    return {name for name in Reading.__slots__ if getattr(ours, name) != getattr(theirs, name)}
