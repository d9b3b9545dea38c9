"""A trunk says how its password is proven: by a call that rings nobody, by what else there is, or not at all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sipcheck.carrier.behaviours import CallBehaviour
from sipcheck.diagnosis.evidence import Proof
from sipcheck.reasons import Outcome, Reason
from sipcheck.settings import PROOF_NUMBER
from sipcheck.target import TransportName
from sipcheck.verification.calling.options import CallIdentity
from tests.observed import insist
from tests.peers.call_peer import CallScript
from tests.peers.kamailio import PASSWORD, Kamailio
from tests.peers.practice import PracticePeer
from tests.peers.udp_peer import UdpPeer
from tests.trunks.forms import Store
from tests.worker.test_credentials_once import HOST, Desk
from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.installation.settings import Settings, load_settings
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy
from trunks.rules.profile import PLAIN
from worker.engine_loop import EngineLoop

DID = "+493012345678"
DAY_SECONDS = 86_400


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        data_dir=tmp_path / "var",
        allow_networks="127.0.0.0/8",
        verify_timeout_seconds=5.0,
        address_rate=0.0,
        address_concurrency=0,
    )


@pytest.fixture
def make_desk(make_store: Callable[[Settings], Store], settings: Settings) -> Iterator[Callable[..., Desk]]:
    engine = EngineLoop(settings.engine_settings(), timeout_seconds=5)
    engine.start()
    yield lambda **given: Desk(make_store(settings.model_copy(update=given)), engine)
    engine.stop()


def trunk_at(desk: Desk, port: int, **given: Any) -> Trunk:
    values: dict[str, Any] = {"password": PASSWORD, "proof": Proof.INVITE} | given
    return desk.store.make_trunk(domain=HOST, port=port, transport=TransportName.UDP, **values)


def test_by_a_call_through_kamailio(
    make_desk: Callable[..., Desk], kamailio_factory: Callable[..., Kamailio]
) -> None:
    """Proven by the right password; a wrong one goes out once, and is frozen then. Nothing is ever registered."""
    registrar = kamailio_factory(domain=HOST, challenge_status=407)
    desk = make_desk()
    trunk = trunk_at(desk, registrar.port, numbers=(NewNumber(number="1800-X"), NewNumber(number=DID)))
    run = desk.verify(trunk)
    assert (run.outcome, run.reason) == (Outcome.VERIFIED, Reason.CREDENTIALS_PROVEN)
    assert run.report is not None
    assert run.report["cause"] == "by-invite"
    assert desk.store.trunk(trunk.id).is_verified
    wrong = trunk_at(desk, registrar.port, name="wrong", password="not this one")
    assert desk.verify(wrong).reason is Reason.CREDENTIALS_REJECTED
    assert desk.verify(wrong).reason is Reason.CREDENTIALS_FROZEN
    calls = registrar.requests_seen("INVITE", credentials=True)
    assert [each.request_uri.partition("@")[0] for each in calls] == [f"sip:{PROOF_NUMBER}"] * 2
    assert [each.from_uri.partition("@")[0] for each in calls] == [f"sip:{DID}", "sip:alice"]
    assert not registrar.requests_seen("REGISTER")


@pytest.mark.parametrize("identity", CallIdentity)
def test_who_calls_is_as_the_trunk_has_it(identity: CallIdentity, make_desk: Callable[..., Desk]) -> None:
    """The number, or the user with the number beside it: as its calls are written (RFC 3325 §9.2)."""
    script = CallScript()
    with UdpPeer(script) as peer:
        desk = make_desk()
        profile = replace(PLAIN, caller_identity=identity)
        trunk = trunk_at(desk, peer.port, numbers=(NewNumber(number=DID),), profile=profile)
        assert desk.verify(trunk).reason is Reason.CREDENTIALS_PROVEN
    by_user = identity is CallIdentity.USERNAME
    for invite in (each.decode() for each in script.of("INVITE")):
        assert f"From: <sip:{'alice' if by_user else DID}@{HOST}>" in invite
        assert (f"P-Preferred-Identity: <sip:{DID}@{HOST}>" in invite) is by_user


@pytest.mark.parametrize(
    ("proof", "username", "methods"),
    [
        (Proof.AUTO, "demo", {"OPTIONS", "REGISTER"}),
        (Proof.REGISTER, "demo", {"REGISTER"}),
        (Proof.OPTIONS, "demo", {"OPTIONS"}),
        (Proof.INVITE, "demo", {"OPTIONS", "INVITE", "ACK", "CANCEL"}),
        (Proof.INVITE, None, {"OPTIONS"}),
        (Proof.NONE, "demo", {"OPTIONS"}),
    ],
)
def test_what_is_sent_for_each(
    proof: Proof, username: str | None, methods: set[str], make_desk: Callable[..., Desk]
) -> None:
    """As the practice carrier saw it; it lets the call ring. `none` leaves the trunk unverified where proof is due."""
    with PracticePeer(calls=CallBehaviour.RING) as peer:
        desk = make_desk(require_proven_credentials=True)
        password = None if username is None else "demo-password"
        assert peer.running.udp_port is not None
        trunk = trunk_at(desk, peer.running.udp_port, proof=proof, username=username, password=password)
        run = desk.verify(trunk)
        assert {each.method for each in peer.running.seen} == methods
    proven = proof in (Proof.AUTO, Proof.REGISTER, Proof.INVITE) and username is not None
    assert (run.reason is Reason.CREDENTIALS_PROVEN) is proven
    assert desk.store.trunk(trunk.id).is_verified is (proven or username is None)


def test_a_refused_call_leaves_the_trunk_as_it_was(make_desk: Callable[..., Desk]) -> None:
    """It may be the number or the caller: what was known of the password stands."""
    with PracticePeer(calls=CallBehaviour.FORBID) as peer:
        desk = make_desk()
        assert peer.running.udp_port is not None
        given = {"username": "demo", "password": "demo-password"}
        trunk = trunk_at(desk, peer.running.udp_port, proof=Proof.REGISTER, **given)
        assert desk.verify(trunk).reason is Reason.CREDENTIALS_PROVEN
        updates = desk.store.installation.catalog.updates
        edited = insist(updates.apply, desk.store.caller, trunk.id, TrunkEdit(proof=Proof.INVITE))
        assert not edited.moved
        assert desk.verify(trunk).reason is Reason.CALL_FORBIDDEN
        assert desk.store.trunk(trunk.id).is_verified
        fresh = trunk_at(desk, peer.running.udp_port, name="another", **given)
        assert desk.verify(fresh).reason is Reason.CALL_FORBIDDEN
        assert not desk.store.trunk(fresh.id).is_verified


@pytest.mark.parametrize(("proof", "queued"), [(Proof.INVITE, 1), (Proof.NONE, 0), (Proof.AUTO, 1)])
def test_by_schedule_once_an_interval_and_only_where_the_trunk_says_so(
    proof: Proof, queued: int, make_desk: Callable[..., Desk]
) -> None:
    with PracticePeer() as peer:
        desk = make_desk()
        assert peer.running.udp_port is not None
        given = {"username": "demo", "password": "demo-password"}
        trunk = trunk_at(desk, peer.running.udp_port, proof=proof, **given)
        desk.verify(trunk)
    proofs = desk.store.installation.runs.proofs
    assert proofs.tend() == ()
    next_proof_at = desk.store.trunk(trunk.id).next_proof_at
    assert next_proof_at is not None
    desk.store.clock.now = next_proof_at
    ids = proofs.tend()
    assert len(ids) == queued
    claims = [claim for each in ids if (claim := desk.store.claim(each)) is not None]
    assert [(claim.proof, claim.scheduled) for claim in claims] == [(proof, True)] * queued
    desk.store.clock.advance(0.85 * DAY_SECONDS)
    assert proofs.tend() == ()


def test_a_crash_is_followed_by_one_more_call_and_no_second_password(make_desk: Callable[..., Desk]) -> None:
    with PracticePeer(calls=CallBehaviour.RING) as peer:
        desk = make_desk()
        assert peer.running.udp_port is not None
        trunk = trunk_at(desk, peer.running.udp_port, username="demo", password="demo-password")
        lost = desk.request(trunk, by=RequestedBy.CUSTOMER)
        desk.run_and_vanish(lost)
        assert peer.running.authenticated_attempts == 1
        desk.store.clock.advance(60)
        assert desk.store.installation.runs.recovery.tend().ended == (lost,)
        assert peer.running.authenticated_attempts == 1
