"""The Via header value (RFC 3261 §20.42)."""

import re
from dataclasses import dataclass

from sipcheck.errors import Unreadable
from sipcheck.host import plain_address
from sipcheck.message.grammar import (
    WHITESPACE,
    WORD_CHARACTERS,
    read_host_port,
    read_integer,
)
from sipcheck.message.parameters import NO_PARAMETERS, Parameters
from sipcheck.target import HostPort

_PROTOCOL = re.compile(
    rf"SIP[ \t]*+/[ \t]*+2\.0[ \t]*+/[ \t]*+([{WORD_CHARACTERS}]++)[ \t]++([^;]++)(?:;(.*))?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Via:
    """One hop. `host` and `port` are the sent-by; an IPv6 host has no brackets."""

    transport: str
    host: str
    port: int | None = None
    params: Parameters = NO_PARAMETERS

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Read one value, bare IPv6 included. Raises Unreadable."""
        protocol = _PROTOCOL.fullmatch(text)
        if protocol is None:
            raise Unreadable("message.fault.via")
        host, port = read_host_port(protocol[2].rstrip(WHITESPACE), bare_ipv6=True)
        return cls(protocol[1], host, port, Parameters.parse(protocol[3] or ""))

    @property
    def branch(self) -> str | None:
        """The transaction's identifier (§8.1.1.7); null from an RFC 2543 peer."""
        return self.params.get("branch") or None

    @property
    def received(self) -> str | None:
        """The address the request came from (§18.2.1), IPv6 without brackets (RFC 5118 §4.5), mapped IPv4 as IPv4.

        Null when absent, or when what is written is no IP address.
        """
        value = self.params.get("received")
        if not value:
            return None
        try:
            return plain_address(value.removeprefix("[").removesuffix("]"))
        except ValueError:
            return None

    @property
    def rport(self) -> int | None:
        """The port the request came from (RFC 3581 §4); null when absent, empty or no port number."""
        value = self.params.get("rport")
        if not value:
            return None
        try:
            return read_integer(value, 65535) or None
        except ValueError:
            return None

    @property
    def wants_rport(self) -> bool:
        """Whether `rport` is there without a value, to be filled by the server (RFC 3581 §3)."""
        return "rport" in self.params and not self.params.get("rport")

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {HostPort(self.host, self.port)}{self.params}"
