"""Situations in which the infrastructure would dial elsewhere than what was proven: a name server, carriers, and the
service with the double of LiveKit, for all of them together.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from livekit.protocol.sip import CreateSIPParticipantRequest, SIPOutboundTrunkInfo

from sipcheck.carrier.authority import Authority, CertificateContents
from sipcheck.target import HostPort, TransportName
from tests.livekit_contract.sip_peer import SipPeer
from tests.observed import insist
from tests.peers.certificates import Certificate
from tests.peers.livekit.refusal import Refusal
from tests.peers.livekit.server import LiveKitServer
from tests.peers.ports import free_port
from tests.peers.sip_reply import reply_to
from tests.peers.unbound_server import UnboundServer
from tests.trunks.forms import prepare_from
from tests.trunks.livekit_forms import with_livekit
from tests.worker.service import Service
from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.shown_way import ShownWay
from trunks.installation.settings import load_settings
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.repositories.outbound_ways import OutboundWays
from trunks.rules.way_evidence import WayForm

WITHIN_SECONDS = 30.0
RING_SECONDS = 0.4
BUSY = 486
TLS = TransportName.TLS


def takes(request: bytes, status: int = 200, phrase: str = "OK", **given: Any) -> Sequence[bytes]:
    """Answer as a carrier whose line is busy: so a call that arrives is over."""
    if request.startswith(b"ACK"):
        return []
    if request.startswith(b"INVITE") and status == 200:
        return [reply_to(request, BUSY, "Busy Here")]
    return [reply_to(request, status, phrase, **given)]


def anyone(request: bytes, _: int) -> Sequence[bytes]:
    return takes(request)


def no_route(request: bytes, _: int) -> Sequence[bytes]:
    if b"\r\nRoute:" in request:
        return takes(request, 403, "Not relaying")
    return takes(request)


def for_its_domain(
    domain: str, *, also_without_route: bool = False
) -> Callable[[bytes, int], Sequence[bytes]]:
    """Answer only where the Request-URI names the carrier's own domain."""

    def conduct(request: bytes, _: int) -> Sequence[bytes]:
        line = request.partition(b"\r\n")[0].decode()
        if not re.search(rf"[:@]{domain}\.", line):
            return takes(request, 404, "Unknown domain")
        if also_without_route and b"\r\nRoute:" in request:
            return takes(request, 403, "Not relaying")
        return takes(request)

    return conduct


def challenging(scheme: str) -> Callable[[bytes, int], Sequence[bytes]]:
    def conduct(request: bytes, _: int) -> Sequence[bytes]:
        if b"\r\nAuthorization:" in request:
            return takes(request)
        return takes(request, 401, "Unauthorized", headers=[("WWW-Authenticate", scheme)])

    return conduct


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """`zone` may use `{d}` for the domain, `{p}` for the carrier's port and `{one}`, `{two}`, `{dead}` for addresses.

    A carrier answers at `at`. `before` and `after` say whether a call arrives, as the address is given and as it was
    proven, `sees` where and `ends` by which SIP status; `route` and `address` are what the side has afterwards.
    `fails` is the reason of a verification that does.
    """

    zone: str
    at: tuple[str, ...] = ("one",)
    conduct: Callable[[bytes, int], Sequence[bytes]] = anyone
    names: tuple[str, ...] = ()
    transport: TransportName | None = None
    with_port: bool = False
    proxied: bool = False
    before: bool = False
    after: bool = True
    ends: str | None = str(BUSY)
    form: WayForm | None = WayForm.ROUTE
    callable: bool | None = True
    route: str | None = "<sip:{one}:{p};lr;transport=udp>"
    address: str = "{d}"
    warning: str | None = None
    may_warn: bool = False
    says: str = ""
    fails: str | None = None
    sees: str = "one"


@dataclass(slots=True)
class Place:
    """A situation's domain, addresses and carriers."""

    situation: Situation
    domain: str
    port: int
    addresses: dict[str, str]
    peers: dict[str, SipPeer] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        return text.format(d=self.domain, p=self.port, **self.addresses)

    def invited(self) -> list[str]:
        """Say at which addresses a call arrived, and forget it."""
        found = []
        for name, peer in self.peers.items():
            peer.settle()
            found += [name for each in peer.heard if each.method == "INVITE"][:1]
            peer.heard[:] = [each for each in peer.heard if each.method != "INVITE"]
        return found


@dataclass(slots=True)
class Installed:
    """The service, its LiveKit, and all the carriers."""

    service: Service
    livekit: LiveKitServer
    places: dict[str, Place]

    def provide(self, place: Place, number: str) -> Trunk:
        """Make a trunk with a number, and its sides."""
        given = place.situation
        proxy = HostPort(place.addresses["one"], place.port) if given.proxied else None
        trunk = self.service.store.make_trunk(
            name=place.domain,
            domain=place.domain,
            port=place.port if given.with_port else None,
            transport=given.transport,
            outbound_proxy=proxy,
            wanted=True,
        )
        numbers = self.service.installation.catalog.numbers
        insist(numbers.add, self.service.store.caller, trunk.id, NewNumber(number=number))
        assert self.service.store.provision(trunk.id)
        self.service.doorbell.ring_provision(trunk.id)
        self.service.wait_done(trunk.id)
        return trunk

    def side(self, number: str) -> SIPOutboundTrunkInfo:
        (found,) = [each for each in self.livekit.outbound.values() if number in each.numbers]
        return found

    def wait_for_side(self, number: str, route: str | None, address: str) -> SIPOutboundTrunkInfo:
        deadline = time.monotonic() + WITHIN_SECONDS
        while True:
            side = self.side(number)
            if (side.headers.get("Route"), side.address) == (route, address):
                return side
            assert time.monotonic() < deadline, (dict(side.headers), side.address)
            time.sleep(0.02)

    def call(self, side: SIPOutboundTrunkInfo) -> Refusal:
        """Call by the side; no carrier takes a call."""
        request = CreateSIPParticipantRequest(
            sip_trunk_id=side.sip_trunk_id,
            sip_call_to="+442071234567",
            room_name=side.sip_trunk_id,
            wait_until_answered=True,
            ringing_timeout=Duration(nanos=int(RING_SECONDS * 1e9)),
        )
        with pytest.raises(Refusal) as refused:
            self.livekit.create_participant(request)
        return refused.value

    def wait_led(self, trunks: Sequence[Trunk]) -> set[WayForm]:
        """Wait until those that ended before the pair was heard have followed; give the forms of all."""
        deadline = time.monotonic() + WITHIN_SECONDS
        while True:
            with self.service.installation.database.read() as session:
                ways = OutboundWays(session).of([trunk.id for trunk in trunks])
            forms = {each.way.form for each in ways.values()}
            if len(ways) == len(trunks) and WayForm.PARKED not in forms:
                return forms
            assert time.monotonic() < deadline, forms
            time.sleep(0.05)

    def shown(self, trunk: Trunk) -> ShownWay:
        return self.service.installation.catalog.views.get(self.service.store.caller, trunk.id).way


def lay_out(name: str, situation: Situation, number: int) -> Place:
    addresses = {
        "one": f"127.0.{number}.1",
        "two": f"127.0.{number}.2",
        "dead": f"127.0.{number}.9",
        "six": "::1",
    }
    port = free_port("::1" if "six" in situation.at else "127.0.0.1")
    return Place(situation, f"{name}.example", port, addresses)


def certificate_for(place: Place, authority: Authority, folder: Path) -> Certificate | None:
    if not place.situation.names:
        return None
    names = tuple(place.filled(each) for each in place.situation.names)
    issued = authority.issue(CertificateContents(common_name=place.domain, names=names))
    certificate = Certificate(folder / f"{place.domain}.pem", folder / f"{place.domain}.key")
    certificate.certificate_file.write_bytes(issued.certificate)
    certificate.key_file.write_bytes(issued.key)
    return certificate


@contextmanager
def open_installed(
    folder: Path,
    sqlite_template: Path,
    situations: Mapping[str, Situation],
    *,
    resolver: HostPort | None = None,
    **given: Any,
) -> Iterator[Installed]:
    """Start everything; `resolver` is where the double asks for names, else the name server of the service."""
    authority = Authority("Ways CA")
    (folder / "ca.pem").write_bytes(authority.pem)
    places = {
        name: lay_out(name, situation, number)
        for number, (name, situation) in enumerate(situations.items(), start=21)
    }
    with ExitStack() as stack:
        for place in places.values():
            certificate = certificate_for(place, authority, folder)
            for at in place.situation.at:
                peer = SipPeer(
                    at, place.addresses[at], place.port, place.situation.conduct, certificate=certificate
                )
                place.peers[at] = stack.enter_context(peer)
        (folder / "unbound").mkdir()
        zone = "\n".join(place.filled(place.situation.zone) for place in places.values())
        unbound = stack.enter_context(UnboundServer(zone, folder / "unbound"))
        ours = HostPort(unbound.address, unbound.port)
        livekit = stack.enter_context(LiveKitServer(nameserver=resolver or ours, ca_file=folder / "ca.pem"))
        settings = load_settings(
            data_dir=folder / "var",
            allow_networks="127.0.0.0/8,::1/128",
            nameservers=str(ours),
            ca_file=folder / "ca.pem",
            verify_timeout_seconds=3.0,
            address_rate=0.0,
            address_concurrency=0,
            knocks="0",
            **given,
        )
        settings = with_livekit(settings, livekit)
        prepare_from(sqlite_template, settings)
        yield Installed(stack.enter_context(Service(settings)), livekit, places)


def warned(run: Verification) -> str:
    report = run.report or {}
    return " ".join(
        each["detail"] for each in report["warnings"] if each["code"].startswith("infrastructure-")
    )
