"""A call that comes in, as far as the voice infrastructure looks at it.

Source: docs/design/infrastructure.md, "Inbound calls".
"""

import re
import textwrap
from dataclasses import dataclass
from ipaddress import ip_address

from sipcheck.errors import CallerError, ParseError, Unreadable
from sipcheck.message.header_block import read_header_block
from sipcheck.message.name_addr import NameAddr
from sipcheck.message.start_line import RequestLine, parse_start_line
from sipcheck.report.printable import one_line

_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(.*)", re.DOTALL)
_SIP_SCHEMES = frozenset({"sip", "sips"})
_FORM = "give it as it came in: the request line, From and To at least"


class InviteInvalid(CallerError):
    """The text is no INVITE."""


class SourceInvalid(CallerError):
    """The source is no IP address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingCall:
    """Users and hosts are as they were written: escapes count as they stand.

    `called` is To's user, `caller` From's; null is what is not known.
    """

    called: str
    source_ip: str
    request_uri_user: str | None = None
    caller: str | None = None
    from_host: str | None = None


def read_source(text: str) -> str:
    """Read the address that a call comes from. Raises SourceInvalid."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        raise SourceInvalid(
            f"{one_line(repr(text[:60]))} is no IP address; give the one that the INVITE came from, "
            "such as 203.0.113.10."
        ) from None
    if "%" in str(address):
        raise SourceInvalid(f"{one_line(str(address))} names an interface; give the address alone.")
    return str(address)


def read_invite(text: str, source_ip: str) -> IncomingCall:
    """Read an INVITE as a log or a trace shows it; what is missing beside From and To is missed by nobody.

    Raises InviteInvalid, SourceInvalid.
    """
    source = read_source(source_ip)
    lines = textwrap.dedent(text).strip("\r\n ").replace("\r\n", "\n")
    start, _, _ = lines.partition("\n")
    try:
        request = parse_start_line(start.rstrip())
        headers = read_header_block(f"{lines}\n\n".encode("utf-8", "surrogateescape")).headers
        to_user, _ = _user_and_host(_only(headers.get("To"), "To"))
        caller, from_host = _user_and_host(_only(headers.get("From"), "From"))
    except ParseError as fault:
        raise InviteInvalid(f"This is no INVITE that can be read: {fault}; {_FORM}.") from fault
    except Unreadable as fault:
        raise InviteInvalid(f"From or To cannot be read: {fault}; {_FORM}.") from fault
    if not isinstance(request, RequestLine) or request.method != "INVITE":
        raise InviteInvalid(f"The first line is that of no INVITE; {_FORM}.")
    request_user, _ = _parts(request.uri)
    return IncomingCall(
        called=to_user or "",
        source_ip=source,
        request_uri_user=request_user,
        caller=caller,
        from_host=from_host,
    )


def _only(value: str | None, name: str) -> str:
    if not value:
        raise InviteInvalid(f"{name} is missing; {_FORM}.")
    return value


def _user_and_host(value: str) -> tuple[str | None, str | None]:
    return _parts(NameAddr.parse(value).uri)


def _parts(uri: str) -> tuple[str | None, str | None]:
    """Cut a URI into user and host, whatever its scheme; that of another than SIP stays with its user."""
    found = _URI.fullmatch(uri)
    if found is None:
        return None, None
    if found[1].lower() not in _SIP_SCHEMES:
        return uri, None
    userinfo, at, rest = found[2].rpartition("@")
    host = re.split(r"[;?]", rest, maxsplit=1)[0]
    host = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return (userinfo.partition(":")[0] if at else None), host
