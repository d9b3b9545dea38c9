"""Credentials and their carriers, over real sockets with the time passed in (docs/design/sip.md, hazards 2 and 5)."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from sipcheck.reasons import Outcome, Reason
from sipcheck.report.model import Report
from sipcheck.target import TransportName
from tests.peers.postgres_server import PostgresServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, Script, UdpPeer
from tests.trunks.forms import HandClock, Store
from trunks.errors import StoreUnavailable
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy, Verification, VerificationStatus
from trunks.runs.gateway_check import GatewayCheck
from trunks.runs.run_store import RunStore
from trunks.runs.runner import Runner, VerifyGateways
from worker.engine_loop import EngineLoop

HOST = "127.0.0.1"
MINUTE = 60.0


class Killed(BaseException):
    """The process ends here: no handler sees it."""


class Desk:
    """A customer, and a worker that does at once what is asked."""

    def __init__(self, store: Store, engine: EngineLoop) -> None:
        self.store = store
        self.engine = engine
        self._run_store: RunStore | None = None

    def _runner(self, verify: VerifyGateways) -> Runner:
        installation = self.store.installation
        runs = installation.runs
        # As in a worker: one for all its runs.
        self._run_store = self._run_store or RunStore(
            runs.claims, runs.recovery, runs.address_limits, runs.open_calls
        )
        return Runner(
            self._run_store,
            installation.secrets,
            installation.tenancy.keys.credential_hash(),
            verify,
            installation.settings.verify_timeout_seconds,
            lambda _: None,
            self.store.clock,
        )

    def run(self, verification_id: UUID, verify: VerifyGateways | None = None) -> None:
        """Do a run, if it is due."""
        claim = self.store.claim(verification_id)
        if claim is not None:
            runner = self._runner(verify or self.engine.verify)
            self.engine.begin(lambda _: runner.run(claim)).result()

    def trunk(self, peer: UdpPeer, **given: Any) -> Trunk:
        return self.store.make_trunk(domain=HOST, port=peer.port, transport=TransportName.UDP, **given)

    def request(self, trunk: Trunk, *, by: RequestedBy = RequestedBy.CUSTOMER) -> UUID:
        verification_id = self.store.installation.runs.requests.request(self.store.caller, trunk.id)
        with self.store.installation.database.write() as session:
            session.get_one(Verification, verification_id).requested_by = by
        return verification_id

    def run_and_vanish(self, verification_id: UUID) -> None:
        """Do a run as a worker that is killed before it records what came of it."""

        async def verify(jobs: Sequence[GatewayCheck]) -> Report:
            await self.engine.verify(jobs)
            raise Killed

        with pytest.raises(Killed):
            self.run(verification_id, verify)

    def verify(self, trunk: Trunk, *, by: RequestedBy = RequestedBy.CUSTOMER) -> Verification:
        verification_id = self.request(trunk, by=by)
        self.run(verification_id)
        return self.store.run(trunk.id, verification_id)


@pytest.fixture
def desk(make_store: Callable[[Settings], Store], form_settings: Settings) -> Iterator[Desk]:
    engine = EngineLoop(form_settings.engine_settings(), timeout_seconds=3)
    engine.start()
    yield Desk(make_store(form_settings), engine)
    engine.stop()


@pytest.fixture
def clock(desk: Desk) -> HandClock:
    return desk.store.clock


def challenge(request: bytes, realm: str) -> bytes:
    header = ("WWW-Authenticate", f'Digest realm="{realm}", nonce="n", qop="auth"')
    return reply_to(request, 401, "Unauthorized", headers=[header])


class Carrier:
    """Answers OPTIONS, challenges REGISTER in its realm, and gives credentials its answer after a while."""

    def __init__(self, *, accepts: bool, after_seconds: float = 0.0) -> None:
        self.accepts = accepts
        self.realm = "carrier.example"
        self._after_seconds = after_seconds

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        if request.startswith(b"OPTIONS"):
            return [reply_to(request, 200, "OK")]
        if b"\r\nAuthorization:" not in request:
            return [challenge(request, self.realm)]
        answer = reply_to(request, 200, "OK") if self.accepts else challenge(request, self.realm)
        return [Reply(data=answer, after_seconds=self._after_seconds)]


def proofs(peer: UdpPeer) -> list[bytes]:
    """The requests that carried credentials, by their branch: retransmissions are one request."""
    return list(
        {
            datagram.data.split(b"branch=")[1].split(b"\r\n")[0]: datagram.data
            for datagram in peer.received
            if b"\r\nAuthorization:" in datagram.data
        }.values()
    )


def test_a_wrong_password_is_tried_once_whatever_is_asked_in_fifteen_minutes(
    desk: Desk, clock: HandClock, udp_peer_factory: Callable[[Script], UdpPeer]
) -> None:
    peer = udp_peer_factory(Carrier(accepts=False))
    trunk, same = desk.trunk(peer), desk.trunk(peer, name="The same account again")
    assert desk.verify(trunk).reason is Reason.CREDENTIALS_REJECTED
    rejected_at, seen = clock.now, len(peer.received)
    for minute in range(1, 15):
        clock.advance(MINUTE)
        frozen = desk.verify(
            (trunk, same)[minute % 2], by=RequestedBy.RECOVERY if minute % 3 else RequestedBy.CUSTOMER
        )
        assert (frozen.outcome, frozen.reason) == (Outcome.INCONCLUSIVE, Reason.CREDENTIALS_FROZEN)
        assert frozen.report is not None
        assert frozen.report["retry_at"] == rejected_at.replace(minute=15).isoformat().replace("+00:00", "Z")
    assert len(peer.received) == seen  # not one packet, OPTIONS or other
    clock.advance(MINUTE)
    # The schedule never tries again; a customer may, and then the quarter of an hour begins anew.
    assert desk.verify(trunk, by=RequestedBy.RECOVERY).reason is Reason.CREDENTIALS_FROZEN
    assert len(proofs(peer)) == 1
    assert desk.verify(same).reason is Reason.CREDENTIALS_REJECTED
    assert desk.verify(trunk).reason is Reason.CREDENTIALS_FROZEN
    assert len(proofs(peer)) == 2


@pytest.mark.parametrize(
    "second",
    [[], [("WWW-Authenticate", 'Basic realm="carrier.example"')], [("WWW-Authenticate", 'Digest realm="')]],
    ids=["no-challenge", "basic", "unreadable"],
)
def test_a_refusal_freezes_whatever_stands_in_the_second_challenge(
    second: list[tuple[str, str]],
    desk: Desk,
    clock: HandClock,
    udp_peer_factory: Callable[[Script], UdpPeer],
) -> None:
    """RFC 3261 §22.2: else a wrong password would be sent again with every proof."""

    def refuse(request: bytes) -> list[bytes]:
        if request.startswith(b"OPTIONS"):
            return [reply_to(request)]
        if b"\r\nAuthorization:" not in request:
            return [challenge(request, "carrier.example")]
        return [reply_to(request, 401, "Unauthorized", headers=second)]

    peer = udp_peer_factory(refuse)
    trunk = desk.trunk(peer)
    assert desk.verify(trunk).reason is Reason.CREDENTIALS_REJECTED
    for by in (RequestedBy.RECOVERY, RequestedBy.CUSTOMER):
        clock.advance(MINUTE)
        assert desk.verify(trunk, by=by).reason is Reason.CREDENTIALS_FROZEN
    assert len(proofs(peer)) == 1


def test_a_wrong_password_is_tried_once_though_its_worker_was_killed(
    desk: Desk, clock: HandClock, udp_peer_factory: Callable[[Script], UdpPeer]
) -> None:
    peer = udp_peer_factory(Carrier(accepts=False))
    trunk, same = desk.trunk(peer), desk.trunk(peer, name="The same account again")
    lost = desk.request(trunk)
    desk.run_and_vanish(lost)
    assert len(proofs(peer)) == 1
    clock.advance(MINUTE)
    assert desk.store.installation.runs.recovery.tend().ended == (lost,)
    retry = desk.store.runs(trunk.id)[0]
    lost_at = clock.now
    desk.request(same, by=RequestedBy.RECOVERY)
    for _ in range(4):
        for each in (trunk, same):
            desk.run(desk.store.runs(each.id)[0].id)
        assert desk.store.run(trunk.id, retry.id).status is VerificationStatus.QUEUED
        assert len(proofs(peer)) == 1
        clock.advance(MINUTE / 4)
    assert desk.store.run(trunk.id, retry.id).due_at == lost_at + timedelta(seconds=MINUTE) == clock.now
    desk.run(retry.id)
    assert desk.store.run(trunk.id, retry.id).reason is Reason.CREDENTIALS_REJECTED
    assert len(proofs(peer)) == 2


@pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)
def test_a_store_that_goes_away_as_credentials_would_leave_keeps_them_in(
    desk: Desk,
    clock: HandClock,
    udp_peer_factory: Callable[[Script], UdpPeer],
    postgres_server: PostgresServer,
) -> None:
    carrier = Carrier(accepts=True)

    def kill_the_store(request: bytes) -> list[bytes | Reply]:
        if request.startswith(b"REGISTER") and postgres_server.running:
            postgres_server.kill()
        return carrier(request)

    peer = udp_peer_factory(kill_the_store)
    trunk = desk.trunk(peer)
    verification_id = desk.request(trunk)
    with pytest.raises(StoreUnavailable):
        desk.run(verification_id)
    assert proofs(peer) == []
    postgres_server.start()
    clock.advance(20)
    assert desk.store.installation.runs.recovery.tend().reclaimed == (verification_id,)
    assert proofs(peer) == []


def test_the_carrier_taking_them_thaws_for_all(
    desk: Desk, clock: HandClock, udp_peer_factory: Callable[[Script], UdpPeer]
) -> None:
    carrier = Carrier(accepts=False)
    peer = udp_peer_factory(carrier)
    trunk = desk.trunk(peer)
    desk.verify(trunk)
    carrier.accepts = True
    clock.advance(15 * MINUTE)
    assert desk.verify(trunk).reason is Reason.CREDENTIALS_PROVEN
    assert desk.verify(trunk, by=RequestedBy.RECOVERY).reason is Reason.CREDENTIALS_PROVEN


@pytest.mark.parametrize("edit", [{"password": "another"}, {"username": "bob"}])
def test_other_credentials_are_not_frozen(
    desk: Desk, udp_peer_factory: Callable[[Script], UdpPeer], edit: dict[str, str]
) -> None:
    peer = udp_peer_factory(Carrier(accepts=False))
    desk.verify(desk.trunk(peer))
    assert desk.verify(desk.trunk(peer, **edit)).reason is Reason.CREDENTIALS_REJECTED
    assert len(proofs(peer)) == 2


def test_the_same_realm_written_down_is_no_edit_of_what_is_sent(
    desk: Desk, udp_peer_factory: Callable[[Script], UdpPeer]
) -> None:
    carrier = Carrier(accepts=False)
    peer = udp_peer_factory(carrier)
    desk.verify(desk.trunk(peer))
    assert desk.verify(desk.trunk(peer, auth_realm=carrier.realm)).reason is Reason.CREDENTIALS_FROZEN
    assert desk.verify(desk.trunk(peer, auth_realm="other.example")).reason is Reason.REALM_MISMATCH
    assert len(proofs(peer)) == 1


def test_of_two_runs_at_once_one_sends_a_wrong_password(
    desk: Desk, udp_peer_factory: Callable[[Script], UdpPeer]
) -> None:
    peer = udp_peer_factory(Carrier(accepts=False, after_seconds=0.3))
    ids = [desk.request(desk.trunk(peer)) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(desk.run, ids))
    with desk.store.installation.database.read() as session:
        reasons = sorted(str(session.get_one(Verification, each).reason) for each in ids)
    assert reasons == [*["credentials-frozen"] * 3, "credentials-rejected"]
    assert len(proofs(peer)) == 1


def test_a_changed_realm_gets_nothing_until_the_customer_confirms_it(
    desk: Desk, udp_peer_factory: Callable[[Script], UdpPeer]
) -> None:
    carrier = Carrier(accepts=True)
    peer = udp_peer_factory(carrier)
    trunk = desk.trunk(peer)
    assert desk.verify(trunk).reason is Reason.CREDENTIALS_PROVEN
    carrier.realm = "elsewhere.example"
    for by in (RequestedBy.RECOVERY, RequestedBy.RECOVERY):
        changed = desk.verify(trunk, by=by)
        assert (changed.outcome, changed.reason) == (Outcome.INCONCLUSIVE, Reason.REALM_MISMATCH)
    assert desk.store.trunk(trunk.id).is_verified
    assert len(proofs(peer)) == 1
    assert desk.verify(trunk).reason is Reason.CREDENTIALS_PROVEN
    assert desk.verify(trunk, by=RequestedBy.RECOVERY).reason is Reason.CREDENTIALS_PROVEN
    carrier.realm = "carrier.example"
    # The realm of the latest proof is the one that holds, and a customer is told of a change before confirming it.
    assert desk.verify(trunk).reason is Reason.REALM_MISMATCH


def test_a_configured_realm_is_binding(desk: Desk, udp_peer_factory: Callable[[Script], UdpPeer]) -> None:
    peer = udp_peer_factory(Carrier(accepts=True))
    trunk = desk.trunk(peer, auth_realm="mine.example")
    for _ in range(2):
        mismatch = desk.verify(trunk)
        assert (mismatch.outcome, mismatch.reason) == (Outcome.FAILED, Reason.REALM_MISMATCH)
    assert proofs(peer) == []


def test_a_ciphertext_moved_to_another_row_is_told_and_nothing_is_sent(
    desk: Desk, udp_peer_factory: Callable[[Script], UdpPeer]
) -> None:
    peer = udp_peer_factory(Carrier(accepts=True))
    trunk, other = desk.trunk(peer), desk.trunk(peer, username="bob", password="another")
    with desk.store.installation.database.write() as session:
        session.get_one(Trunk, trunk.id).sealed_password = session.get_one(Trunk, other.id).sealed_password
    assert desk.verify(trunk).reason is Reason.SECRET_UNREADABLE
    assert peer.received == []
