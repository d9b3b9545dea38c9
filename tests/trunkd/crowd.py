"""Many trunks at slow peers, and what became of them: the peers count, and the rows tell."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx
from sqlalchemy import select

from sipcheck.target import TransportName
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, UdpPeer
from tests.trunkd.prepared import installed
from tests.trunks.forms import HandClock, Store
from trunks.installation.installation import Installation
from trunks.models.flip import Flip
from trunks.models.verification import RequestedBy, Verification, VerificationStatus

HOST = "127.0.0.1"
Place = int | tuple[str, int]
PASSWORD = "correct horse battery"
# Long enough for a run to be caught in the middle, and far below the deadline of the runs.
PEER_THINKS_SECONDS = 1.0
VERIFY_TIMEOUT_SECONDS = 5

_CALLERS = 16
_POLL_SECONDS = 0.1

SETTINGS = {
    "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
    "TRUNKS_VERIFY_TIMEOUT_SECONDS": str(VERIFY_TIMEOUT_SECONDS),
    "TRUNKS_ADDRESS_RATE": "0",
    "TRUNKS_ADDRESS_CONCURRENCY": "0",
}


def slow_carrier(request: bytes) -> list[bytes | Reply]:
    """Challenge a REGISTER at once, and think about everything else."""
    if request.startswith(b"REGISTER") and b"\r\nAuthorization:" not in request:
        header = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", qop="auth"')
        return [reply_to(request, 401, "Unauthorized", headers=[header])]
    return [Reply(data=reply_to(request), after_seconds=PEER_THINKS_SECONDS)]


def proofs(peer: UdpPeer) -> Counter[str]:
    """How often the credentials of each user came; a retransmission has the branch of its request."""
    sent = {
        (found[1].decode(), datagram.data.split(b"branch=")[1].split(b"\r\n")[0])
        for datagram in list(peer.received)
        if (found := re.search(rb'\r\nAuthorization:.*?username="([^"]+)"', datagram.data))
    }
    return Counter(user for user, _ in sent)


class Crowd:
    """A trunk for each port, or address and port; half of them have credentials, each of a user of its own."""

    def __init__(self, installation: Installation, places: Sequence[Place]) -> None:
        self.store = Store(installation, HandClock())
        self.headers = {
            "Authorization": f"Bearer {installation.tenancy.tenants.create_token(self.store.tenant)}"
        }
        self.users: dict[UUID, str] = {}
        self.trunks: list[UUID] = []
        for number, place in enumerate(places):
            host, port = (HOST, place) if isinstance(place, int) else place
            user = f"user{number}" if number % 2 else None
            trunk = self.store.make_trunk(
                name=f"Trunk {number}",
                domain=host,
                port=port,
                transport=TransportName.UDP,
                username=user,
                password=PASSWORD if user else None,
            )
            self.trunks.append(trunk.id)
            if user is not None:
                self.users[trunk.id] = user

    def call_all(
        self, http: httpx.Client, query: str = "", *, callers: int = _CALLERS
    ) -> list[httpx.Response]:
        """Ask for a verification of each, and give the answers in the order of the trunks."""

        def call(trunk_id: UUID) -> httpx.Response:
            return http.post(f"/api/v1/sip-trunks/{trunk_id}/verify{query}", headers=self.headers)

        with ThreadPoolExecutor(callers) as threads:
            return list(threads.map(call, self.trunks))

    def destination_of(self, trunk_id: UUID) -> UUID:
        return (
            self.store.installation.catalog.trunks.get(self.store.caller, trunk_id).gateways[0].destination_id
        )

    def asked(self) -> Mapping[UUID, Verification]:
        """The customers' runs by trunk; there is one of each."""
        with self.store.installation.database.read() as session:
            found = session.scalars(
                select(Verification).where(Verification.requested_by == RequestedBy.CUSTOMER)
            ).all()
        by_trunk = {run.trunk_id: run for run in found}
        assert len(by_trunk) == len(found)
        return by_trunk

    def recoveries(self) -> list[Verification]:
        """What was queued in place of runs that were cut short."""
        with self.store.installation.database.read() as session:
            return list(
                session.scalars(select(Verification).where(Verification.requested_by == RequestedBy.RECOVERY))
            )

    def counts(self) -> Counter[VerificationStatus]:
        with self.store.installation.database.read() as session:
            return Counter(
                session.scalars(
                    select(Verification.status).where(Verification.requested_by == RequestedBy.CUSTOMER)
                )
            )

    def flips(self) -> Counter[UUID]:
        """How many changes of state each trunk has seen."""
        with self.store.installation.database.read() as session:
            return Counter(session.scalars(select(Flip.trunk_id)))

    def wait(self, holds: Callable[[Counter[VerificationStatus]], bool], *, within_seconds: float) -> None:
        """Wait for something to hold of the counts."""
        deadline = time.monotonic() + within_seconds
        while not holds(counts := self.counts()):
            assert time.monotonic() < deadline, f"not in {within_seconds} s: {counts}"
            time.sleep(_POLL_SECONDS)


@contextmanager
def crowd_at(places: Sequence[Place], folder: Path, environment: Mapping[str, str]) -> Iterator[Crowd]:
    """Enter the crowd into the store that this environment names."""
    with installed(folder, environment) as installation:
        yield Crowd(installation, places)
