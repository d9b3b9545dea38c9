"""A first look at a datagram: enough to settle the plain answers, and to leave every other to the parser.

What passes here the parser would read in the same way; what is folded, abbreviated, repeated, incomplete or just
unusual is not judged here at all.
"""

import re

from sipcheck.message.grammar import is_token
from sipcheck.window.question import Template

_VIA = re.compile(
    rb"\r\nVia: SIP/2\.0/UDP ([A-Fa-f0-9.:\[\]]++)"
    rb"(?:;rport(?:=[1-9][0-9]{0,4}+)?+|;received=[A-Fa-f0-9.:]++|;branch=z9hG4bK([0-9a-f]{24}))++\r\n"
)
_TAG = re.compile(rb"(?:;tag=[A-Za-z0-9\-.!%*_+`'~]++)?+\r\n")
_NAME = re.compile(rb"\n([^:\r\n]*+):")
_CHALLENGE = re.compile(rb"\n([wWpP])(?i:ww-authenticate|roxy-authenticate):[ \t]*+([^\r]*+)")
_WWW = b"\nwww-authenticate:"
_STATUS = {b"SIP/2.0 %d " % status: status for status in range(100, 700)}
_NO_BODY = b"\r\nContent-Length: 0\r\n\r\n"
_SHAPES_KEPT = 4096
_ONCE = ("via", "from", "to", "call-id", "cseq", "content-length")

# Senders write the same header names in the same order each time: judged once, remembered.
_shapes: dict[tuple[bytes, ...], bool] = {}


def own_via(data: bytes) -> re.Match[bytes] | None:
    """Find a plain Via with a branch like ours: its sent-by is group 1, the branch's token group 2."""
    return _VIA.search(data)


def plain_status(data: bytes, via: re.Match[bytes], template: Template, dialog: bytes) -> int | None:
    """The status of a bodyless response in plain form that repeats what the request said; None for all else.

    `via` is the response's, as `own_via` found it.
    """
    status = _STATUS.get(data[:12])
    if status is None or via[1] != template.sent_by or not data.endswith(_NO_BODY):
        return None
    lines = data.split(b"\r\n")
    names = tuple(_NAME.findall(data))
    # The start line, a line for each name, and two ends: nothing folded, no LF or CR astray, no line without a name.
    ends = len(lines) - 1
    if ends != len(names) + 2 or data.count(b"\r") != ends or data.count(b"\n") != ends:
        return None
    plain = _shapes.get(names)
    if not (_judge(names) if plain is None else plain):
        return None
    to = data.find(template.to_start)
    if (
        to > 0
        and _TAG.match(data, to + len(template.to_start))
        and template.from_start + dialog in lines
        and b"Call-ID: " + dialog in lines
        and template.cseq_line in lines
    ):
        return status
    return None


def challenge_values(data: bytes) -> tuple[list[str], list[str]]:
    """The values of WWW-Authenticate and of Proxy-Authenticate, a field line each, of a response in plain form."""
    lowered = data.lower()
    start = lowered.find(_WWW)
    if start > 0 and lowered.count(b"-authenticate:") == 1:
        return [_value(data[start + len(_WWW) : data.find(b"\r", start)])], []
    www: list[str] = []
    proxy: list[str] = []
    for name, value in _CHALLENGE.findall(data):
        (www if name in b"wW" else proxy).append(_value(value))
    return www, proxy


def _value(field: bytes) -> str:
    return field.strip(b" \t").decode("utf-8", "surrogateescape")


def _judge(names: tuple[bytes, ...]) -> bool:
    """Whether every name is written out, and those that may stand once stand once."""
    lower = [name.decode("latin-1").lower() for name in names]
    plain = all(lower.count(name) == 1 for name in _ONCE) and all(
        len(name) > 1 and is_token(name) for name in lower
    )
    if len(_shapes) >= _SHAPES_KEPT:
        _shapes.clear()
    _shapes[names] = plain
    return plain
