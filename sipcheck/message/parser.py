"""The tolerant parser: bytes from a datagram or a framed stream to a message."""

import re
from collections.abc import Callable
from typing import Any

from sipcheck.errors import MalformedMessage, Unreadable
from sipcheck.message.cseq import CSeq
from sipcheck.message.grammar import split_top_level
from sipcheck.message.header_block import HeaderBlock, find_body, read_header_block, skip_line_ends, unfold
from sipcheck.message.headers import Headers
from sipcheck.message.message import Request, Response
from sipcheck.message.name_addr import NameAddr
from sipcheck.message.parameters import Parameters
from sipcheck.message.start_line import RequestLine, parse_start_line
from sipcheck.message.via import Via

_TOP_VIA = re.compile(rb"\n(?:Via|v)[ \t]*+:((?:[^\r\n]++|\r?\n[ \t])*)", re.IGNORECASE)
_CALL_ID = re.compile(rb"\n(?:Call-ID|i)[ \t]*+:[ \t]*+([^\s]++)[ \t]*+\r?(?=\n)", re.IGNORECASE)

# Finds the first UDP Via in the form that we write: its sent-by is group 1, and group 2 follows the magic cookie. It is
# quick, and no proof that this is the topmost one: a Via before it may be written in another form.
plain_via: Callable[[bytes], re.Match[bytes] | None] = re.compile(
    rb"\r\nVia: SIP/2\.0/UDP ([A-Fa-f0-9.:\[\]]++)"
    rb"(?:;rport(?:=[1-9][0-9]{0,4}+)?|;received=[A-Fa-f0-9.:]++|;branch=z9hG4bK([0-9a-f]{24}))+\r\n"
).search


def parse(data: bytes) -> Request | Response:
    """Read one message; what was sloppy is in its `defects`.

    Raises NotSip when the first line is no SIP start line, and MalformedMessage when the message cannot be
    used: nothing else, whatever the bytes. Bytes that are not UTF-8 become surrogate escapes.
    """
    start = skip_line_ends(data)
    line_end = data.find(b"\n", start)
    line = data[start : line_end if line_end >= 0 else len(data)].removesuffix(b"\r")
    start_line = parse_start_line(line.decode("utf-8", "surrogateescape"))
    block = read_header_block(data, start)
    body, body_defects = _body(data, block)
    vias, via_defects = _vias(block.headers)
    defects = (*start_line.defects, *block.defects, *via_defects, *body_defects)
    if start:
        defects = ("leading-line-end", *defects)
    call_id, cseq, from_tag, to_tag = _identity(block.headers)
    both: dict[str, Any] = {
        "headers": block.headers,
        "body": body,
        "vias": vias,
        "call_id": call_id,
        "cseq": cseq,
        "from_tag": from_tag,
        "to_tag": to_tag,
        "defects": defects,
    }
    if isinstance(start_line, RequestLine):
        if cseq.method != start_line.method:
            raise MalformedMessage("message.cseq-method")
        return Request(method=start_line.method, uri=start_line.uri, **both)
    return Response(status=start_line.status, phrase=start_line.phrase, **both)


def top_branch(data: bytes) -> str | None:
    """The branch of the topmost Via, without reading the rest; null when it is not there whole.

    Never raises, also on data cut short, as an ICMP error quotes it (RFC 3261 §18.4).
    """
    start = skip_line_ends(data)
    via = _TOP_VIA.search(data, start, find_body(data, start) or len(data))
    if via is None:
        return None
    top, *others = split_top_level(unfold(via[1].decode("utf-8", "surrogateescape")), ",")
    if via.end() == len(data) and not others:
        # The data end inside this value: its last parameter may have been longer.
        top = top.rpartition(";")[0]
    return Parameters.parse(top.partition(";")[2]).get("branch") or None


def top_call_id(data: bytes) -> bytes | None:
    """The first Call-ID, without reading the rest; null when there is none. Never raises."""
    start = skip_line_ends(data)
    found = _CALL_ID.search(data, start, find_body(data, start) or len(data))
    return found[1] if found is not None else None


def _body(data: bytes, block: HeaderBlock) -> tuple[bytes, tuple[str, ...]]:
    defects: tuple[str, ...] = ()
    body, length = data[block.body_start :], block.content_length
    if len(block.headers.get_all("Content-Length")) > 1:
        defects = ("repeated-content-length",)
    if length is None or length == len(body):
        return body, defects
    if length > len(body):
        raise MalformedMessage("message.short-body", length=length, count=len(body))
    return body[:length], (*defects, "surplus-bytes")


def _vias(headers: Headers) -> tuple[tuple[Via, ...], tuple[str, ...]]:
    values = [value for line in headers.get_all("Via") for value in split_top_level(line, ",")]
    if not values:
        raise MalformedMessage("message.no-via")
    try:
        vias = tuple([Via.parse(value) for value in values])
    except Unreadable as error:
        raise MalformedMessage("message.via", fault=error.sentence) from error
    for via, value in zip(vias, values, strict=True):
        # Only in the sent-by: `received` has no brackets by the grammar (RFC 5118 §4.5), and both forms are read.
        if ":" in via.host and f"[{via.host}]" not in value:
            return vias, ("unbracketed-ipv6",)
    return vias, ()


def _identity(headers: Headers) -> tuple[str, CSeq, str | None, str | None]:
    name = "Call-ID"
    try:
        call_id = _only(headers, name)
        name = "CSeq"
        cseq = CSeq.parse(_only(headers, name))
        name = "From"
        from_tag = NameAddr.parse(_only(headers, name)).tag
        name = "To"
        to_tag = NameAddr.parse(_only(headers, name)).tag
    except Unreadable as error:
        raise MalformedMessage("message.field", name=name, fault=error.sentence) from error
    return call_id, cseq, from_tag, to_tag


def _only(headers: Headers, name: str) -> str:
    values = headers.get_all(name)
    if len(values) != 1 or not values[0]:
        raise Unreadable("message.fault.twice" if len(values) > 1 else "message.fault.missing")
    return values[0]
