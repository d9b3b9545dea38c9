"""A first look at a datagram: enough to settle the plain answers, and to leave every other to the parser.

What passes here the parser would read in the same way; what is folded, abbreviated, repeated, incomplete or just
unusual is not judged here at all.
"""

import re

from sipcheck.message.grammar import is_token
from sipcheck.window.question import Template

_VIA = re.compile(
    rb"\r\nVia: SIP/2\.0/UDP [A-Za-z0-9.\-:\[\]]++"
    rb"(?:;rport(?:=[1-9][0-9]{0,4}+)?+|;received=[A-Fa-f0-9.:]++|;branch=z9hG4bK([0-9a-f]{24}))++\r\n"
)
_TAG = re.compile(rb"(?:;tag=[A-Za-z0-9\-.!%*_+`'~]++)?+\r\n")
_NAME = re.compile(rb"\n([^:\r\n]*+):")
_CHALLENGE = re.compile(rb"\n([wWpP])(?i:ww|roxy)-(?i:authenticate):[ \t]*+([^\r]*+)")
_STATUS = {b"SIP/2.0 %d " % status: status for status in range(100, 700)}
_NO_BODY = b"\r\nContent-Length: 0\r\n\r\n"
_SHAPES_KEPT = 4096
_ONCE = ("via", "from", "to", "call-id", "cseq", "content-length")

# Senders write the same header names in the same order each time: judged once, remembered.
_shapes: dict[tuple[bytes, ...], bool] = {}


def branch_token(data: bytes) -> bytes | None:
    """The token of a branch of ours in a plain Via; None where the parser has to look."""
    via = _VIA.search(data)
    return None if via is None else via[1]


def plain_status(data: bytes, template: Template, dialog: bytes) -> int | None:
    """The status of a bodyless response in plain form that repeats what the request said; None for all else.

    The caller has read the branch by `branch_token`.
    """
    status = _STATUS.get(data[:12])
    if status is None or not data.endswith(_NO_BODY):
        return None
    names = tuple(_NAME.findall(data))
    # One CR for each field, the start line and the end: nothing folded, none astray, no line without a name.
    if data.count(b"\r") != len(names) + 2:
        return None
    plain = _shapes.get(names)
    if not (_judge(names) if plain is None else plain):
        return None
    to = data.find(template.to_start)
    echoed = (
        to > 0
        and _TAG.match(data, to + len(template.to_start))
        and b"%b%b\r\n" % (template.from_start, dialog) in data
        and b"\r\nCall-ID: %b\r\n" % dialog in data
        and template.cseq_line in data
    )
    return status if echoed else None


def challenge_values(data: bytes) -> tuple[list[str], list[str]]:
    """The values of WWW-Authenticate and of Proxy-Authenticate, a field line each, of a response in plain form."""
    www: list[str] = []
    proxy: list[str] = []
    for name, value in _CHALLENGE.findall(data):
        values = www if name in b"wW" else proxy
        values.append(value.rstrip(b" \t").decode("utf-8", "surrogateescape"))
    return www, proxy


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
