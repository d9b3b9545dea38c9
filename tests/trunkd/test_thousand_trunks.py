"""One thing changes under 1,000 trunks of six tenants while trunkd runs: one incident, and each hears of his own.

Over HTTP, with real peers; whoever is told by webhooks and the operator's notice too. Latency, which takes a network of
its own, is in tests/worker/test_incident_stories.py.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, update
from standardwebhooks import Webhook

from sipcheck.target import TransportName
from tests.observed import insist
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.http_receiver import http_receiver
from tests.peers.kamailio import Kamailio
from tests.peers.ports import free_port
from tests.peers.tls_server import TlsServer
from tests.peers.unbound_server import UnboundServer
from tests.trunkd.conftest import Start
from tests.trunkd.daemon import Trunkd
from tests.trunkd.prepared import installed
from tests.trunks.forms import PASSWORD, HandClock, Store
from trunks.installation.installation import Installation
from trunks.models.environment import Environment
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification, VerificationStatus
from trunks.people.endpoints import EndpointSecret
from trunks.rules.incidents import rounded

pytestmark = pytest.mark.long

TRUNKS = 1_000
OTHERS = 5
DOMAIN, ADDRESS = "carrier.example", "127.0.0.73"
WITHIN_SECONDS = 600.0

Look = Callable[[], bool]


@dataclass
class Receiver:
    """Takes webhooks, which it verifies, at /hook and what Apprise posts at /notify."""

    port: int = 0
    secret: str = ""
    messages: list[tuple[str, str, bytes]] = field(default_factory=list)
    notices: list[bytes] = field(default_factory=list)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> HTTPStatus:
        if path == "/notify":
            self.notices.append(body)
        else:
            event = Webhook(self.secret).verify(body, headers)
            self.messages.append((headers["webhook-id"], event["type"], body))
        return HTTPStatus.NO_CONTENT

    def told(self) -> Counter[str]:
        """Count the messages by type, each once however often it came."""
        return Counter({name: event for name, event, _ in list(self.messages)}.values())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    with http_receiver(found.take) as found.port:
        yield found


@dataclass
class Customers:
    """Six tenants, of whom the first has two trunks of five and a webhook."""

    installation: Installation
    transport: TransportName
    users: bool
    receiver: Receiver
    trunks: dict[str, list[Trunk]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tenants = ["ours", *(f"secret {number}" for number in range(OTHERS))]
        self.stores = {each: Store(self.installation, HandClock(), tenant=each) for each in tenants}
        for name in tenants:
            self.tokens[name] = self.installation.tenancy.tenants.create_token(name)
        with self.installation.database.write() as session:
            session.execute(update(Environment).values(requests_per_minute=1_000_000))
        others = cycle(tenants[1:])
        for number in range(TRUNKS):
            name = "ours" if number % 5 < 2 else next(others)
            self.trunks.setdefault(name, []).append(self._trunk(self.stores[name], number))
        self.hook: EndpointSecret = self.installation.people.endpoints.create(
            self.stores["ours"].caller,
            url=f"http://127.0.0.1:{self.receiver.port}/hook",
            events=None,
            description=None,
            enabled=True,
        )
        self.receiver.secret = self.hook.secret

    def _trunk(self, store: Store, number: int) -> Trunk:
        user = f"user{number}" if self.users else None
        return store.make_trunk(
            name=f"Name {number}",
            domain=DOMAIN,
            port=None,
            transport=self.transport,
            username=user,
            password=PASSWORD if user else None,
            wanted=True,
        )

    def ask(self, *, but: Collection[UUID] = ()) -> None:
        """Ask for a run of each, as the API does."""
        for name, trunks in self.trunks.items():
            for trunk in trunks:
                if trunk.id not in but:
                    insist(self.installation.runs.requests.request, self.stores[name].caller, trunk.id)

    def all_verified(self) -> bool:
        """Whether runs have found that of all; where none is open, of the others they are asked for again."""
        with self.installation.database.read() as session:
            verified = set(session.scalars(select(Trunk.id).where(Trunk.is_verified)))
            is_open = Verification.status != VerificationStatus.DONE
            busy = session.scalar(select(func.count()).select_from(Verification).where(is_open))
        if len(verified) < TRUNKS and not busy:
            # On a busy machine a name server may keep some of them waiting for too long.
            self.ask(but=verified)
        return len(verified) == TRUNKS


@dataclass
class Peers:
    """What a carrier is made of; a story changes one thing of it, and puts it back."""

    zone: UnboundServer
    records: str
    port: int
    certificates: Certificates
    kamailio: Callable[..., Kamailio]
    tls: Callable[..., TlsServer]
    running: Any = None

    def registrar(self, realm: str) -> Kamailio:
        users = {f"user{number}": PASSWORD for number in range(TRUNKS)}
        return self.kamailio(address=ADDRESS, port=self.port, domain=DOMAIN, realm=realm, users=users)

    def server(self, kind: CertificateKind) -> TlsServer:
        return self.tls(address=ADDRESS, port=self.port, certificate=self.certificates[kind])


@contextmanager
def unbound_zone(peers: Peers) -> Iterator[None]:
    peers.zone.change("")
    yield
    peers.zone.change(peers.records)


@contextmanager
def other_certificate(peers: Peers) -> Iterator[None]:
    peers.running.end()
    bad = peers.server(CertificateKind.UNTRUSTED_CA)
    yield
    bad.end()
    peers.server(CertificateKind.GOOD)


@contextmanager
def other_realm(peers: Peers) -> Iterator[None]:
    """It stays: who asks once more has it proven in the other realm."""
    peers.running.kill()
    peers.registrar("other")
    yield


@contextmanager
def stopped(peers: Peers) -> Iterator[None]:
    peers.running.kill()
    yield
    peers.running.start()


@dataclass(frozen=True, slots=True)
class Story:
    """What is changed, and what is said of it; where it is found by runs that are asked for, no trunk is taken down."""

    change: Callable[[Peers], Any]
    cause: str
    changed: tuple[str, ...]
    transport: TransportName = TransportName.UDP
    users: bool = True
    by_runs: bool = False

    @property
    def records(self) -> str:
        prefix = "_sips._tcp" if self.transport is TransportName.TLS else "_sip._udp"
        return f"{prefix} IN SRV 10 0 {{port}} sip1\nsip1 IN A {ADDRESS}"


SILENT = f"{DOMAIN} has not answered our checks since "
STORIES = {
    "an unbound zone": Story(unbound_zone, SILENT, ("dns",)),
    "a certificate": Story(
        other_certificate, SILENT, ("certificate",), transport=TransportName.TLS, users=False
    ),
    "a realm": Story(
        other_realm,
        f"{DOMAIN} asks for passwords in the name of another realm since ",
        ("realm",),
        by_runs=True,
    ),
    "a Kamailio stopped": Story(stopped, SILENT, ()),
}


@pytest.fixture(params=STORIES)
def story(request: pytest.FixtureRequest) -> Story:
    return STORIES[request.param]


@pytest.fixture
def peers(
    story: Story,
    certificates: Certificates,
    kamailio_factory: Callable[..., Kamailio],
    tls_server_factory: Callable[..., TlsServer],
    unbound_factory: Callable[..., UnboundServer],
) -> Peers:
    port = free_port(ADDRESS)
    records = story.records.format(port=port)
    zone = unbound_factory(records, zone=f"{DOMAIN}.")
    found = Peers(zone, records, port, certificates, kamailio_factory, tls_server_factory)
    is_tls = story.transport is TransportName.TLS
    found.running = found.server(CertificateKind.GOOD) if is_tls else found.registrar(DOMAIN)
    return found


@pytest.fixture
def environment(
    form_environment: dict[str, str], peers: Peers, receiver: Receiver, certificates: Certificates, port: int
) -> dict[str, str]:
    return form_environment | {
        "TRUNKS_PORT": str(port),
        "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
        "TRUNKS_NAMESERVERS": f"{peers.zone.address}:{peers.zone.port}",
        "TRUNKS_CA_FILE": str(certificates.ca_file),
        "TRUNKS_RUNS_IN_FLIGHT": "20",
        "TRUNKS_ADDRESS_RATE": "0",
        "TRUNKS_ADDRESS_CONCURRENCY": "0",
        "TRUNKS_HEALTH_INTERVAL_FLOOR_SECONDS": "2",
        "TRUNKS_HEALTH_INTERVAL_SECONDS": "2",
        "TRUNKS_PROBE_TIMEOUT_SECONDS": "2",
        "TRUNKS_NOTIFY_URLS": f"json://127.0.0.1:{receiver.port}/notify",
    }


@pytest.fixture
def customers(
    environment: dict[str, str], story: Story, receiver: Receiver, tmp_path: Path
) -> Iterator[Customers]:
    with installed(tmp_path, environment) as installation:
        yield Customers(installation, story.transport, story.users, receiver)


@pytest.fixture
def service(environment: dict[str, str], start: Start) -> list[Trunkd]:
    """Start what an operator starts: one process, or an API and two workers."""
    if "TRUNKS_BROKER_URL" not in environment:
        return [start("up", **environment)]
    return [start("api", **environment), *(start("worker", **environment) for _ in range(2))]


def test_it_is_one_incident(
    story: Story,
    peers: Peers,
    customers: Customers,
    service: list[Trunkd],
    http: httpx.Client,
    receiver: Receiver,
    record_property: Callable[[str, object], None],
) -> None:
    def wait(holds: Look) -> None:
        service[0].wait_until(holds, within_seconds=WITHIN_SECONDS)

    def listed(name: str) -> list[dict[str, Any]]:
        answer = http.get("/api/v1/incidents", headers=bearer(name))
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])

    def bearer(name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {customers.tokens[name]}"}

    def all_concerned() -> bool:
        return all(
            [each["concerned"]["trunks"] for each in listed(name)] == [len(customers.trunks[name])]
            for name in customers.trunks
        )

    wait(customers.all_verified)
    with story.change(peers):
        began = time.monotonic()
        if story.by_runs:
            customers.ask()
        wait(all_concerned)
        record_property("all in one incident after seconds", round(time.monotonic() - began, 1))
        shown = {name: listed(name) for name in customers.trunks}
        assert len({each["id"] for of in shown.values() for each in of}) == 1
        for name, (incident,) in shown.items():
            own = len(customers.trunks[name])
            others = rounded(TRUNKS - own)
            assert incident["cause"].startswith(story.cause)
            assert [each["what"] for each in incident["changed"]] == list(story.changed)
            assert incident["concerned"] == {"trunks": own, "of": own}
            assert incident["elsewhere"] == {"about": others, "of_about": others}
            letter = http.get(f"/api/v1/incidents/{incident['id']}/letter", headers=bearer(name)).text
            assert incident["cause"] in letter
            assert all(each["sentence"] in letter for each in incident["changed"])
            assert told_of_others(json.dumps(incident) + letter, customers, name) == []
        down = 0 if story.by_runs else len(customers.trunks["ours"])
        expected = +Counter({"trunk.down": down, "incident.opened": 1})
        wait(lambda: expected <= receiver.told())
        record_property("all told after seconds", round(time.monotonic() - began, 1))
        assert {**receiver.told(), **expected} == receiver.told()
        wait(lambda: bool(receiver.notices))
    if story.by_runs:
        customers.ask()
    wait(lambda: all(each["closed_at"] for name in customers.trunks for each in listed(name)))
    assert {len(listed(name)) for name in customers.trunks} == {1}
    wait(lambda: receiver.told()["incident.closed"] == 1)
    (notice,) = receiver.notices
    # 20 seconds after it opened: checks have told all by then; runs may be under way, and name what they found so far.
    fell = r"\d+ of \d+" if story.by_runs else f"{TRUNKS} of {TRUNKS}"
    told = json.loads(notice)["message"]
    assert re.search(rf"\b{fell} trunks there fell, of 6 tenants\.", told), told
    assert b"secret" not in notice
    for _, _, body in receiver.messages:
        assert told_of_others(body.decode(), customers, "ours") == []
    assert {each.stop() for each in service} == {0}


def told_of_others(text: str, customers: Customers, own: str) -> list[str]:
    """What of others, or of secrets, stands in what a tenant is told."""
    foreign = [str(trunk.id) for name, trunks in customers.trunks.items() if name != own for trunk in trunks]
    return [each for each in ("secret", PASSWORD, customers.hook.secret, *foreign) if each in text]
