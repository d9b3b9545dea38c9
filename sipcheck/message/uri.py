"""SIP and SIPS URIs (RFC 3261 §19.1)."""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from sipcheck.errors import Unreadable
from sipcheck.message.grammar import read_host_port
from sipcheck.message.parameters import NO_PARAMETERS, Parameters
from sipcheck.target import HostPort

_USER_UNRESERVED = "-_.!~*'()&=+$,;?/"  # §25.1 `user`, besides letters and digits
_UNUSABLE = re.compile(r'[\x00-\x20\x7f<>"]')
_SCHEME = re.compile(r"(sips?):(.*)", re.ASCII | re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class SipUri:
    """`secure` is the `sips:` scheme. `user` is plain text, escaped in writing; all else stays as it was."""

    host: str
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    secure: bool = False
    params: Parameters = NO_PARAMETERS
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "SipUri":
        """Read a SIP or SIPS URI. Raises Unreadable.

        IPv6 needs its brackets (RFC 5118 §4.2). The last `@` ends the user part, since peers leave one
        unescaped inside it.
        """
        if _UNUSABLE.search(text):
            raise Unreadable("message.fault.uri-character")
        scheme = _SCHEME.fullmatch(text)
        if scheme is None:
            raise Unreadable("message.fault.scheme")
        userinfo, at, rest = scheme[2].rpartition("@")
        user, colon, password = userinfo.partition(":")
        if at and not user:
            raise Unreadable("message.fault.no-user")
        address, _, headers = rest.partition("?")
        address, _, params = address.partition(";")
        host, port = read_host_port(address)
        return cls(
            host=host,
            port=port,
            user=unquote(user, errors="surrogateescape") if at else None,
            password=password if colon else None,
            secure=scheme[1].lower() == "sips",
            params=Parameters.parse(params),
            headers=tuple(_header(pair) for pair in headers.split("&") if pair),
        )

    def __str__(self) -> str:
        userinfo = ""
        if self.user is not None:
            user = quote(self.user, safe=_USER_UNRESERVED, errors="surrogateescape")
            userinfo = f"{user}@" if self.password is None else f"{user}:{self.password}@"
        headers = "&".join(f"{name}={value}" for name, value in self.headers)
        scheme = "sips" if self.secure else "sip"
        address = HostPort(self.host, self.port)
        return f"{scheme}:{userinfo}{address}{self.params}{'?' if headers else ''}{headers}"


def _header(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
