"""A target as the caller wrote it, as a value: where to send, and which domain to name."""

import re
from dataclasses import dataclass
from enum import StrEnum

from sipcheck.errors import TargetConflict, TargetInvalid, Unreadable
from sipcheck.host import read_host, read_ipv6
from sipcheck.phrases.listed import Joint, listed

MAX_TEXT_CHARACTERS = 1000
_SHOWN_CHARACTERS = 80

_USER_PART = re.compile(r".*(?:@|＠|﹫|%40)", re.DOTALL | re.IGNORECASE)
_SCHEME = re.compile(r"(sips?):", re.IGNORECASE)
_OTHER_SCHEME = re.compile(
    r"([a-z][a-z0-9+.-]*)://|(https?|wss?|tel|mailto|h323|urn):(?![0-9]+$)", re.IGNORECASE
)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f]")


class _Written(StrEnum):
    """What a text is given as: the beginning of the keys of what is said of it."""

    TARGET = "target"
    PROXY = "outbound-proxy"
    ADDRESS = "address"


class TransportName(StrEnum):
    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"

    @property
    def default_port(self) -> int:
        """5061 for TLS, else 5060 (RFC 3261 §19.1.2)."""
        return 5061 if self is TransportName.TLS else 5060

    @property
    def reliable(self) -> bool:
        return self is not TransportName.UDP


@dataclass(frozen=True, slots=True)
class HostPort:
    """A host (lower case, A-label, no trailing dot, IPv6 without brackets), and the port if one was given."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def edge_name(address: str, port: int, transport: str) -> str:
    """Name an edge as reports and traces do: `address:port/transport`."""
    return f"{HostPort(address, port)}/{transport}"


@dataclass(frozen=True, slots=True)
class Target:
    """`secure` is true for a `sips:` URI, which never falls back from TLS (RFC 3261 §26.2.2)."""

    domain: str
    port: int | None = None
    transport: TransportName | None = None
    secure: bool = False
    outbound_proxy: HostPort | None = None


def parse_target(
    text: str,
    *,
    transport: TransportName | None = None,
    port: int | None = None,
    outbound_proxy: str | None = None,
) -> Target:
    """Read a domain, host name, IP literal, `host:port` or SIP URI, with what the caller gave beside it.

    Raises TargetInvalid for a text that is none of these, and TargetConflict when the port or the transport
    is given in both places with different values. A user part is refused, not dropped: a target names a
    server, and whoever wrote a user would believe the verdict to be about it. `sips:` means TLS, also when
    written with `transport=tcp` (RFC 3261 §26.2.2). Without brackets every colon belongs to the IPv6 address.
    """
    subject = _strip(text, _Written.TARGET)
    try:
        _refuse_user(subject)
        scheme = _SCHEME.match(subject)
        target = (
            _parse_uri(subject[scheme.end() :], secure=scheme[1].lower() == "sips")
            if scheme
            else _parse_bare(subject)
        )
    except Unreadable as fault:
        raise _unusable(_Written.TARGET, subject, fault) from None
    return Target(
        domain=target.domain,
        port=_agreed_port(subject, target.port, port),
        transport=_agreed_transport(subject, target, transport),
        secure=target.secure,
        outbound_proxy=None if outbound_proxy is None else _parse_named(outbound_proxy, _Written.PROXY),
    )


def parse_host_port(text: str) -> HostPort:
    """Read `host` or `host:port`; IPv6 with a port needs brackets.

    Raises TargetInvalid with the value, the fault and how to fix it.
    """
    return _parse_named(text, _Written.ADDRESS)


def _parse_named(text: str, what: _Written) -> HostPort:
    subject = _strip(text, what)
    try:
        _refuse_user(subject)
        return _split_host_port(subject)
    except Unreadable as fault:
        raise _unusable(what, subject, fault) from None


def _unusable(what: _Written, subject: str, fault: Unreadable) -> TargetInvalid:
    return TargetInvalid(f"{what}.unusable", subject=_shown(subject), fault=fault.sentence)


def _strip(text: str, what: _Written) -> str:
    subject = text.strip()
    if not subject:
        raise TargetInvalid(f"{what}.empty")
    if len(subject) > MAX_TEXT_CHARACTERS:
        raise TargetInvalid(
            f"{what}.long", subject=_shown(subject), count=len(subject), most=MAX_TEXT_CHARACTERS
        )
    return subject


def _shown(text: str) -> str:
    """Quote a text for a message: without a user part, which may hold a password, and not at full length."""
    user = _USER_PART.match(text)
    shown = f"…@{text[user.end() :]}" if user else text
    if len(shown) > _SHOWN_CHARACTERS:
        shown = f"{shown[:_SHOWN_CHARACTERS]}…"
    return repr(shown)


def _refuse_user(text: str) -> None:
    # Looked for in the whole text: a user may hold ";", "?" and ":" itself (RFC 3261 §25.1, "user").
    if _USER_PART.match(text):
        raise Unreadable("target.user")


def _parse_bare(text: str) -> Target:
    if scheme := _OTHER_SCHEME.match(text):
        raise Unreadable("target.scheme", scheme=scheme[1] or scheme[2])
    if ";" in text or "?" in text:
        raise Unreadable("target.parameters")
    host_port = _split_host_port(text)
    return Target(domain=host_port.host, port=host_port.port)


def _parse_uri(rest: str, *, secure: bool) -> Target:
    if rest.startswith("//"):
        raise Unreadable("target.slashes")
    address, question, _ = rest.partition("?")
    if question:
        raise Unreadable("target.headers")
    host_text, *parameters = address.split(";")
    host_port = _split_host_port(host_text)
    transport = _uri_transport(parameters, secure=secure)
    return Target(domain=host_port.host, port=host_port.port, transport=transport, secure=secure)


def _uri_transport(parameters: list[str], *, secure: bool) -> TransportName | None:
    """Read `transport`; parameters that do not say where to send are passed over (RFC 3261 §19.1.1)."""
    found: TransportName | None = TransportName.TLS if secure else None
    given: set[str] = set()
    for parameter in parameters:
        name, _, value = (part.strip().lower() for part in parameter.partition("="))
        if name == "maddr":
            raise Unreadable("target.maddr")
        if name == "transport":
            found = _transport_named(value, secure=secure)
            given.add(value)
    if len(given) > 1:
        raise Unreadable("target.transports", transports=listed(sorted(given), Joint.AND))
    return found


def _transport_named(value: str, *, secure: bool) -> TransportName:
    try:
        transport = TransportName(value)
    except ValueError:
        raise Unreadable("target.transport", transport=repr(value[:20])) from None
    if not secure:
        return transport
    if transport is TransportName.UDP:
        raise Unreadable("target.secure-udp")
    return TransportName.TLS


def _agreed_port(subject: str, written: int | None, given: int | None) -> int | None:
    if given is not None and not 1 <= given <= 65535:
        raise TargetInvalid("target.port", port=given)
    if written is not None and given is not None and written != given:
        raise TargetConflict("target.two-ports", subject=_shown(subject), written=written, given=given)
    return given if written is None else written


def _agreed_transport(subject: str, target: Target, given: TransportName | None) -> TransportName | None:
    if target.transport is not None and given is not None and target.transport is not given:
        key = "target.secure-and-transport" if target.secure else "target.two-transports"
        raise TargetConflict(key, subject=_shown(subject), written=target.transport, given=given)
    return given if target.transport is None else target.transport


def _split_host_port(text: str) -> HostPort:
    if _UNPRINTABLE.search(text):
        raise Unreadable("target.space")
    if text.startswith("["):
        return _split_bracketed(text)
    if text.count(":") > 1:
        return HostPort(read_ipv6(text))
    host, colon, port = text.partition(":")
    return HostPort(read_host(host), _read_port(port) if colon else None)


def _split_bracketed(text: str) -> HostPort:
    literal, bracket, rest = text[1:].partition("]")
    if not bracket:
        raise Unreadable("target.bracket")
    if rest and not rest.startswith(":"):
        raise Unreadable("target.behind-bracket")
    return HostPort(read_ipv6(literal), _read_port(rest[1:]) if rest else None)


def _read_port(text: str) -> int:
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= 65535:
        if not text:
            raise Unreadable("target.no-port")
        raise Unreadable("target.port-number", port=repr(text[:20]))
    return int(text)
