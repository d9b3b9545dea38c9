"""The strict builder: only what the grammar allows leaves us (RFC 3261 §8.1.1, §8.2.6)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from sipcheck.message.cseq import MAXIMUM_CSEQ, CSeq
from sipcheck.message.grammar import is_token, read_host_port
from sipcheck.message.headers import canonical_name
from sipcheck.message.message import Request
from sipcheck.message.via import Via
from sipcheck.target import HostPort

MAX_FORWARDS = 70  # §8.1.1.6
BRANCH_COOKIE = "z9hG4bK"  # §8.1.1.7

# Lone surrogates stand for no bytes, but for those by which the parser keeps what is not UTF-8.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udc7f\udd00-\udfff]")
_ANY_URI = r"[A-Za-z][A-Za-z0-9+.\-]*:(?:[A-Za-z0-9\-_.!~*'();/?:@&=+$,\[\]]|%[0-9A-Fa-f]{2})+"
_URI = re.compile(_ANY_URI)
_ROUTE = re.compile(f"<{_ANY_URI}>")
_WORD = r"[A-Za-z0-9\-.!%*_+`'~()<>:\\\"/\[\]?{}]++"
_CALL_ID = re.compile(f"{_WORD}(?:@{_WORD})?")

_FIXED_IN_RESPONSE = frozenset(("via", "from", "to", "call-id", "cseq", "content-length"))
_FIXED_IN_REQUEST = _FIXED_IN_RESPONSE | {"route", "max-forwards", "user-agent"}


def build_request(
    *,
    method: str,
    uri: str,
    transport: str,
    sent_by: HostPort,
    branch: str,
    from_uri: str,
    from_tag: str,
    to_uri: str,
    call_id: str,
    cseq: int,
    user_agent: str,
    route: str | None = None,
    routes: Sequence[str] = (),
    to_tag: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> bytes:
    """Write a request with the mandatory fields of §8.1.1 and an empty `rport` (RFC 3581 §3).

    `route` is a whole Route value in angle brackets; `routes` are a dialog's, of the peer's own words, a line each, and
    `to_tag` is the peer's (§12.2.1.1): both go back as they came, were they outside its grammar, where `may_be_echoed`.
    Raises ValueError naming the field that cannot be sent.
    """
    _require(is_token(method), "method", "a token")
    for name, value in (("uri", uri), ("from_uri", from_uri), ("to_uri", to_uri)):
        _require(_URI.fullmatch(value), name, "a URI, with everything outside its grammar escaped")
    _require(route is None or _ROUTE.fullmatch(route), "route", "a URI in angle brackets")
    _require(is_token(from_tag), "from_tag", "a token")
    _text("to_tag", to_tag or "")
    _require(_CALL_ID.fullmatch(call_id), "call_id", "a word, or two words joined by @")
    _require(0 <= cseq <= MAXIMUM_CSEQ, "cseq", f"from 0 to {MAXIMUM_CSEQ}")
    lines = [
        ("Via", _own_via(transport, sent_by, branch)),
        *([("Route", route)] if route else []),
        *(("Route", _text("routes", each)) for each in routes),
        ("Max-Forwards", str(MAX_FORWARDS)),
        ("From", f"<{from_uri}>;tag={from_tag}"),
        ("To", f"<{to_uri}>" if to_tag is None else f"<{to_uri}>;tag={to_tag}"),
        ("Call-ID", call_id),
        ("CSeq", str(CSeq(cseq, method))),
        ("User-Agent", _text("user_agent", user_agent)),
        *_further(headers, _FIXED_IN_REQUEST, body),
    ]
    return _write(f"{method} {uri} SIP/2.0", lines, body)


def may_be_target(uri: str) -> bool:
    """Tell whether a URI can be a Request-URI of ours: what a peer names is not always one."""
    return _URI.fullmatch(uri) is not None


def may_be_echoed(text: str) -> bool:
    """Tell whether a peer's own words can go back to it in a request of ours."""
    return _CONTROL.search(text) is None


def build_response(
    request: Request,
    *,
    status: int,
    phrase: str,
    to_tag: str | None,
    source: HostPort | None = None,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> bytes:
    """Write a response to a parsed request: Via, From, To, Call-ID and CSeq copied (§8.2.6.2).

    `source` is where the request came from; it fills `received` and `rport` (§18.2.1, RFC 3581 §4). `to_tag`
    is added when To has none yet. Raises ValueError naming the field that cannot be sent.
    """
    _require(100 <= status <= 699, "status", "from 100 to 699")
    _require(to_tag is None or is_token(to_tag), "to_tag", "a token")
    vias = request.vias if source is None else (_stamped(request.vias[0], source), *request.vias[1:])
    to = request.headers.get("To") or ""
    if to_tag is not None and request.to_tag is None:
        to = f"{to};tag={to_tag}"
    lines = [
        *(("Via", str(via)) for via in vias),
        ("From", request.headers.get("From") or ""),
        ("To", to),
        ("Call-ID", request.call_id),
        ("CSeq", str(request.cseq)),
        *_further(headers, _FIXED_IN_RESPONSE, body),
    ]
    return _write(f"SIP/2.0 {status} {_text('phrase', phrase)}", lines, body)


def _own_via(transport: str, sent_by: HostPort, branch: str) -> str:
    _require(is_token(branch) and branch.startswith(BRANCH_COOKIE), "branch", f"a token from {BRANCH_COOKIE}")
    return f"{_own_hop(transport, sent_by)};rport;branch={branch}"


# Ours is one address, or a few.
@lru_cache(maxsize=1024)
def _own_hop(transport: str, sent_by: HostPort) -> str:
    _require(is_token(transport), "transport", "a token")
    try:
        read_host_port(str(sent_by))
    except ValueError as error:
        raise ValueError(f"sent_by cannot be sent: {error}") from error
    return str(Via(transport.upper(), sent_by.host, sent_by.port))


def _stamped(via: Via, source: HostPort) -> Via:
    params = via.params
    if via.wants_rport and source.port is not None:
        params = params.replace("rport", str(source.port))
    if via.wants_rport or via.host != source.host:
        # In front: behind a quote or bracket that is never closed it would belong to the last parameter.
        params = params.with_first("received", source.host)
    return replace(via, params=params)


def _further(headers: Sequence[tuple[str, str]], fixed: frozenset[str], body: bytes) -> list[tuple[str, str]]:
    for name, _ in headers:
        _require(is_token(name), f"header name {name!r}", "a token")
        _require(canonical_name(name) not in fixed, name, "left to the builder")
    has_type = any(canonical_name(name) == "content-type" for name, _ in headers)
    _require(has_type or not body, "Content-Type", "given with a body")
    return [(name, _text(name, value)) for name, value in headers]


def _text(name: str, value: str) -> str:
    _require(may_be_echoed(value), name, "free of line ends, NUL and other control characters")
    return value


def _write(start_line: str, lines: Sequence[tuple[str, str]], body: bytes) -> bytes:
    head = [start_line, *(f"{name}: {value}" for name, value in lines), f"Content-Length: {len(body)}"]
    # surrogateescape: a realm or a From that was not UTF-8 goes back as the bytes it came in.
    return "\r\n".join((*head, "", "")).encode("utf-8", "surrogateescape") + body


def _require(condition: object, name: str, wanted: str) -> None:
    if not condition:
        raise ValueError(f"{name} has to be {wanted}")
