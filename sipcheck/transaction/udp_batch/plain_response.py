"""A first look at a datagram: enough to settle the plain answers, and to leave every other to the parser.

What passes here the parser would read in the same way; what is folded, abbreviated, repeated, incomplete or just
unusual is not judged here at all.
"""

import re
from typing import NamedTuple

from sipcheck.message.grammar import is_token
from sipcheck.transaction.udp_batch.prepared_message import PreparedMessage

_TAG = re.compile(rb"(?:;tag=[A-Za-z0-9\-.!%*_+`'~]++)?\r\n")
_NAME = re.compile(rb"\n([^:\r\n]*+):")
_CHALLENGES = (b"www-authenticate", b"proxy-authenticate")
_W = b"wW"
_STATUS = {b"SIP/2.0 %d " % status: status for status in range(100, 700)}
_NO_BODY = b"\r\nContent-Length: 0\r\n\r\n"
# A peer may write what it likes: more lines are the parser's, and what is remembered stays small.
_MOST_LINES = 64
_MOST_OCTETS_OF_NAMES = 1024
_SHAPES_KEPT = 4096
_ONCE = (b"via", b"from", b"to", b"call-id", b"cseq", b"content-length")


class _Shape(NamedTuple):
    """What a sequence of header names says: whether it is plain, and which line is the only challenge.

    `starts` are the names with their colons, as the lines begin.
    """

    plain: bool
    challenge: int | None
    starts: tuple[bytes, ...]


# A response in plain form: its status, its lines without their ends, and which of these is the only challenge.
# A bare tuple, because even a named one is felt here.
PlainResponse = tuple[int, list[bytes], int | None]

# Senders write the same header names in the same order each time: judged once, remembered.
_shapes: dict[tuple[bytes, ...], _Shape] = {}
# The last shape of each status and number of lines: to see that lines begin as the last ones did takes half the time of
# reading their names.
_last_shapes: dict[tuple[int, int], _Shape] = {}


def read_plain(
    data: bytes, via: re.Match[bytes], request: PreparedMessage, dialog: bytes
) -> PlainResponse | None:
    """Read a bodyless response in plain form that repeats what the request said; None for all else.

    `via` is the response's, as `plain_via` found it.
    """
    status = _STATUS.get(data[:12])
    if status is None or via[1] != request.sent_by or not data.endswith(_NO_BODY):
        return None
    lines = data.split(b"\r\n")
    # The start line, a line for each name, and two ends: nothing folded, no LF or CR astray, no line without a name.
    ends = len(lines) - 1
    if ends > _MOST_LINES or data.count(b"\r") != ends or data.count(b"\n") != ends:
        return None
    shape = _last_shapes.get((status, ends))
    if shape is None or not all(map(bytes.startswith, lines[1:-2], shape.starts)):
        names = tuple(_NAME.findall(data))
        if ends != len(names) + 2 or sum(map(len, names)) > _MOST_OCTETS_OF_NAMES:
            return None
        shape = _shapes.get(names) or _judge(names)
        if len(_last_shapes) >= _SHAPES_KEPT:
            _last_shapes.clear()
        _last_shapes[status, ends] = shape
    if not shape.plain:
        return None
    to = data.find(request.to_start)
    if (
        to > 0
        and _TAG.match(data, to + len(request.to_start))
        and request.from_start + dialog in lines
        and b"Call-ID: " + dialog in lines
        and request.cseq_line in lines
    ):
        return status, lines, shape.challenge
    return None


def challenge_values(plain: PlainResponse) -> tuple[list[str], list[str]]:
    """The values of WWW-Authenticate and of Proxy-Authenticate, a field line each, of a response in plain form."""
    _, lines, challenge = plain
    if challenge is not None:
        name, _, value = lines[challenge].partition(b":")
        return ([_value(value)], []) if name[0] in _W else ([], [_value(value)])
    www: list[str] = []
    proxy: list[str] = []
    for line in lines:
        name, _, value = line.partition(b":")
        if name.lower() in _CHALLENGES:
            (www if name[0] in _W else proxy).append(_value(value))
    return www, proxy


def _value(field: bytes) -> str:
    return field.strip(b" \t").decode("utf-8", "surrogateescape")


def _judge(names: tuple[bytes, ...]) -> _Shape:
    """Whether every name is written out, and those that may stand once stand once; and where the challenge stands."""
    lower = [name.lower() for name in names]
    plain = all(lower.count(name) == 1 for name in _ONCE) and all(
        len(name) > 1 and is_token(name.decode("latin-1")) for name in lower
    )
    # The start line goes before the names.
    challenges = [line for line, name in enumerate(lower, 1) if name in _CHALLENGES]
    starts = tuple([name + b":" for name in names])
    shape = _Shape(plain, challenges[0] if len(challenges) == 1 else None, starts)
    if len(_shapes) >= _SHAPES_KEPT:
        _shapes.clear()
    _shapes[names] = shape
    return shape
