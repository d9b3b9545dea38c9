"""Where LiveKit's SIP service finds a host (docs/design/infrastructure.md, "Calls")."""

import ipaddress
from dataclasses import dataclass

import dns.exception
import dns.rdatatype
import dns.resolver

from sipcheck.target import HostPort
from tests.peers.livekit.refusal import invalid

OWN_HOST = "127.0.0.1"
_WITHIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Names:
    """Ask a name server; without one no name is found."""

    nameserver: HostPort | None

    def find(self, host: str, port: int, transport: str) -> tuple[str, int]:
        """Give an address and a port. Raises Refusal."""
        if not host:
            return OWN_HOST, port
        literal = _literal(host)
        if literal is not None:
            return literal, port
        addresses = [*self._ask(host, dns.rdatatype.A), *self._ask(host, dns.rdatatype.AAAA)]
        if addresses:
            return addresses[0], port
        service = f"_sip._{'udp' if transport == 'UDP' else 'tcp'}.{host}"
        records = self._ask(service, dns.rdatatype.SRV)
        if not records:
            raise invalid(f'fail to resolve target for "{host}": lookup {service}: no such host')
        # The target is read as an address, which it is not; what is left is the port.
        return OWN_HOST, int(min(records, key=lambda each: int(each.split()[0])).split()[2])

    def _ask(self, name: str, record_type: dns.rdatatype.RdataType) -> list[str]:
        if self.nameserver is None:
            return []
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [self.nameserver.host]
        resolver.port = self.nameserver.port or 53
        try:
            answer = resolver.resolve(name, record_type, lifetime=_WITHIN_SECONDS, search=False)
        except (dns.exception.DNSException, UnicodeError):
            return []
        return [each.to_text() for each in answer]


def _literal(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        return None
