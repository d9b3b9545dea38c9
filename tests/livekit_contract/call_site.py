"""Where the carriers of the suite are, and the name server that LiveKit asks."""

import os
from dataclasses import dataclass
from pathlib import Path

from sipcheck.target import HostPort
from tests.livekit_contract.sip_peer import Conduct, SipPeer
from tests.peers.certificates import Certificate
from tests.peers.dns_server import DnsServer
from tests.peers.ports import free_port


@dataclass(frozen=True, slots=True)
class CallSite:
    """Peers `a` and `b` at this host and its ports, and a port of which nobody hears."""

    host: str
    ports: dict[str, int]
    resolver: HostPort
    certificates: Path

    @property
    def places(self) -> dict[str, str]:
        """What stands for what in a scenario and in its lines."""
        named = {name: f"{self.host}:{port}" for name, port in self.ports.items()}
        return {
            **named,
            "host": self.host,
            "port": str(self.ports["a"]),
            "closed-port": str(self.ports["closed"]),
        }

    @property
    def dead(self) -> str:
        """An address where nobody is; LiveKit sorts addresses by their kind first, and this is of the host's."""
        return "127.0.0.99" if self.host.startswith("127.") else "203.0.113.99"

    def peer(self, name: str, conduct: Conduct, *, certificate: Certificate | None = None) -> SipPeer:
        """Give a carrier, to be entered."""
        return SipPeer("{" + name + "}", self.host, self.ports[name], conduct, certificate=certificate)

    def own_host(self, name: str, conduct: Conduct, *, address: str = "127.0.0.1") -> SipPeer:
        """Give a carrier on the loopback of the SIP service, which has to be on this machine."""
        return SipPeer("its own host, port {port}", address, self.ports[name], conduct)

    def name_server(self, zone: str) -> DnsServer:
        """Give the server that LiveKit's SIP service asks, to be entered."""
        return DnsServer(zone, host=self.resolver.host, port=self.resolver.port or 0)

    def filled(self, text: str) -> str:
        for name, place in self.places.items():
            text = text.replace("{" + name + "}", place)
        return text


def open_site(folder: Path) -> CallSite:
    """Read LIVEKIT_TEST_LISTEN, a host of ours that LiveKit reaches and the first of three ports there.

    LIVEKIT_TEST_RESOLVER is the address, 53 its port, at which its SIP service asks for names.
    LIVEKIT_TEST_CERTIFICATES is the folder whose ca.pem its SIP service trusts; else they are in this one.
    """
    listen = os.environ.get("LIVEKIT_TEST_LISTEN") or f"127.0.0.1:{free_port(in_a_row=3)}"
    host, _, first = listen.rpartition(":")
    ports = {name: int(first) + number for number, name in enumerate(["a", "b", "closed"])}
    server = os.environ.get("LIVEKIT_TEST_RESOLVER")
    resolver = HostPort(server, 53) if server else HostPort(host, free_port())
    return CallSite(host, ports, resolver, Path(os.environ.get("LIVEKIT_TEST_CERTIFICATES", folder)))
