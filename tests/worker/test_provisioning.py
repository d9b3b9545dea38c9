"""Trunks come to stand on LiveKit by a Celery task; kills, lost messages and faults leave nothing half-made."""

import base64
import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from livekit.protocol.sip import SIPOutboundTrunkInfo
from sqlalchemy import delete, select, update

from sipcheck.target import TransportName
from tests.observed import WITHIN_SECONDS, insist, wait_until
from tests.peers.livekit.faults import Fault
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.peers.redis_server import RedisServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Script, UdpPeer
from tests.trunkd.daemon import Trunkd, settings_of_this_process
from tests.trunks.forms import PASSWORD, SECRET_KEYS
from tests.trunks.livekit_forms import with_livekit
from tests.worker.service import Service
from trunks.catalog.new_trunk import NewNumber
from trunks.clock import utc_now
from trunks.installation.settings import Settings, load_settings
from trunks.models.given_up_side import GivenUpSide
from trunks.models.provision import Provision, ProvisionState
from trunks.models.trunk import Trunk
from trunks.rules.trunk_state import Cause
from trunks.voice.provisioner import FailureCause
from worker.provisioning import provision_work

NUMBER = "+14155551234"


@pytest.fixture
def livekit_server() -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        yield server


@pytest.fixture
def provisioning_settings(form_settings: Settings, livekit_server: LiveKitServer) -> Settings:
    return with_livekit(form_settings, livekit_server)


@pytest.fixture
def service(start_service: Callable[[Settings], Service], provisioning_settings: Settings) -> Service:
    return start_service(provisioning_settings)


def make_trunk(service: Service, number: str = NUMBER) -> Trunk:
    trunk = service.make_trunk(
        host="sip.carrier.example", port=5060, transport=TransportName.UDP, wanted=True
    )
    numbers = service.installation.catalog.numbers
    insist(numbers.add, service.store.caller, trunk.id, NewNumber(number=number))
    return trunk


def remove(service: Service, trunk: Trunk) -> None:
    insist(service.installation.catalog.trunks.remove, service.store.caller, trunk.id, with_numbers=True)


def ask(service: Service, trunk: Trunk) -> None:
    """Ask for a trunk's sides and ring, as the API does."""
    assert service.store.provision(trunk.id)
    service.doorbell.ring_provision(trunk.id)


def view(service: Service, trunk: Trunk) -> Provision:
    found = service.installation.provisions.overview.view(trunk.id)
    assert found is not None
    return found


def reconcile(service: Service) -> None:
    """Do a cycle now, after whichever this worker is at."""
    work = service.runtime._provisioning
    wait_until(lambda: work.reconcile(at_start=True) is not None)


def test_a_trunk_comes_to_stand_and_goes(service: Service, livekit_server: LiveKitServer) -> None:
    trunk = make_trunk(service)
    ask(service, trunk)
    service.wait_done(trunk.id)
    stands = view(service, trunk)
    assert stands.succeeded
    assert livekit_server.inbound.keys() == {stands.inbound_id}
    assert livekit_server.outbound.keys() == {stands.outbound_id}
    (outbound,) = livekit_server.outbound.values()
    assert (outbound.address, outbound.auth_password) == ("sip.carrier.example:5060", PASSWORD)
    remove(service, trunk)
    service.doorbell.ring_provision(trunk.id)
    wait_until(lambda: not (livekit_server.inbound or livekit_server.outbound))
    wait_until(lambda: service.installation.provisions.overview.view(trunk.id) is None)


def test_a_doubled_message_does_it_once(service: Service, livekit_server: LiveKitServer) -> None:
    trunk = make_trunk(service)
    ask(service, trunk)
    for _ in range(20):
        service.doorbell.ring_provision(trunk.id)
    service.wait_done(trunk.id)
    other = make_trunk(service, "+442071234567")
    ask(service, other)
    service.wait_done(other.id)
    assert livekit_server.changes() == ["CreateSIPInboundTrunk", "CreateSIPOutboundTrunk"] * 2


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.INTERNAL, FailureCause.DOWN),
        (Fault.KEY_REFUSED, FailureCause.KEY_REFUSED),
        (Fault.GARBAGE, FailureCause.NONSENSE),
        (Fault.HELD, FailureCause.SLOW),
    ],
)
@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
def test_a_fault_leaves_nothing_is_told_in_the_events_and_mended_by_a_cycle(
    service: Service, livekit_server: LiveKitServer, fault: Fault, cause: FailureCause
) -> None:
    trunk = make_trunk(service)
    livekit_server.fail(fault, method="CreateSIPOutboundTrunk")
    ask(service, trunk)
    service.wait_done(trunk.id)
    failed = view(service, trunk)
    assert (failed.state, failed.cause, failed.inbound_id) == (ProvisionState.FAILED, cause, None)
    assert livekit_server.inbound == {}
    (flip,) = service.store.flips(trunk.id)
    assert flip.cause is Cause.PROVISIONING
    assert flip.changes["provisioning_error"] == [None, failed.error]
    livekit_server.heal()
    reconcile(service)
    wait_until(lambda: view(service, trunk).succeeded)
    assert livekit_server.inbound.keys() == {view(service, trunk).inbound_id}


def test_a_livekit_that_is_down_holds_nobody_and_is_found_again(
    service: Service, livekit_server: LiveKitServer
) -> None:
    livekit_server.stop()
    trunk = make_trunk(service)
    ask(service, trunk)
    service.wait_done(trunk.id)
    assert view(service, trunk).cause is FailureCause.DOWN
    assert service.runtime._provisioning.reconcile(at_start=True) is None
    livekit_server.start()
    reconcile(service)
    wait_until(lambda: view(service, trunk).succeeded)


@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
def test_while_paused_a_cycle_tells_and_mends_nothing(
    service: Service, livekit_server: LiveKitServer
) -> None:
    trunk = make_trunk(service)
    ask(service, trunk)
    service.wait_done(trunk.id)
    rehearsal = service.installation.provisions.rehearsal
    rehearsal.pause()
    (side,) = livekit_server.outbound.values()
    side.headers["Route"] = "<sip:203.0.113.66;lr>"
    before = livekit_server.changes()
    wait_until(lambda: found_by_a_cycle(service))
    assert livekit_server.changes() == before
    rehearsal.resume()
    reconcile(service)
    wait_until(lambda: not any(each.headers for each in livekit_server.outbound.values()))


def found_by_a_cycle(service: Service) -> bool:
    """Do a cycle, where this worker is not at one; true when it found something."""
    judgement = service.runtime._provisioning.reconcile(at_start=True)
    return judgement is not None and bool(judgement.found)


def test_a_conflict_is_named(service: Service, livekit_server: LiveKitServer) -> None:
    livekit_server.add_inbound(numbers=[NUMBER])
    trunk = make_trunk(service)
    ask(service, trunk)
    service.wait_done(trunk.id)
    failed = view(service, trunk)
    assert failed.cause is FailureCause.CONFLICT
    assert failed.error is not None
    assert failed.error.startswith(f"The number {NUMBER} is in use on this platform already")


def test_a_trunk_that_becomes_active_is_provisioned_by_itself(
    service: Service, livekit_server: LiveKitServer
) -> None:
    trunk = make_trunk(service)
    with service.installation.database.write() as session:
        session.execute(update(Trunk).where(Trunk.id == trunk.id).values(is_verified=True, is_active=True))
    wait_until(lambda: bool(livekit_server.outbound))


def test_a_trunk_that_a_run_makes_active_is_provisioned_at_once(
    start_service: Callable[[Settings], Service],
    provisioning_settings: Settings,
    livekit_server: LiveKitServer,
    udp_peer_factory: Callable[[Script], UdpPeer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # In no test's time.
    monkeypatch.setattr(provision_work, "TEND_INTERVAL_SECONDS", 3600.0)
    service = start_service(provisioning_settings)
    peer = udp_peer_factory(lambda request: [reply_to(request, 200, "OK")])
    trunk = service.make_trunk(host="127.0.0.1", port=peer.port, transport=TransportName.UDP, wanted=True)
    numbers = service.installation.catalog.numbers
    insist(numbers.add, service.store.caller, trunk.id, NewNumber(number=NUMBER))
    assert service.verify(trunk).counted
    wait_until(lambda: bool(livekit_server.outbound))


def test_a_cycle_at_a_workers_start_leaves_what_nobody_knows(
    start_service: Callable[[Settings], Service],
    provisioning_settings: Settings,
    livekit_server: LiveKitServer,
) -> None:
    first = start_service(provisioning_settings)
    trunk = make_trunk(first)
    ask(first, trunk)
    first.wait_done(trunk.id)
    theirs = livekit_server.add_inbound(numbers=["+4930123456"])
    first.stop_worker()
    with first.installation.database.write() as session:
        session.execute(delete(Provision))
    livekit_server.calls.clear()
    again = start_service(provisioning_settings)
    reconcile(again)
    assert livekit_server.changes() == []
    assert theirs in livekit_server.inbound
    assert again.installation.provisions.overview.statistics().findings["unknown"] >= 2


def test_what_a_failed_undo_left_goes_within_seconds(service: Service, livekit_server: LiveKitServer) -> None:
    """Without any reconciliation: its tombstone says that we made it and gave it up."""
    trunk = make_trunk(service)
    livekit_server.fail(Fault.INTERNAL, method="CreateSIPOutboundTrunk")
    livekit_server.fail(Fault.INTERNAL, method="DeleteSIPTrunk", times=1)
    ask(service, trunk)
    service.wait_done(trunk.id)
    assert len(livekit_server.inbound) == 1
    wait_until(lambda: not livekit_server.inbound)
    assert not view(service, trunk).succeeded


@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
@pytest.mark.parametrize("deleted", [False, True])
def test_a_kill_between_tombstone_and_deletion_ends_in_the_deletion(
    service: Service, livekit_server: LiveKitServer, deleted: bool
) -> None:
    """Whoever is killed after the first leaves the second, and its word for it, to whoever tends."""
    trunk = make_trunk(service)
    ask(service, trunk)
    service.wait_done(trunk.id)
    stands = view(service, trunk)
    (like,) = livekit_server.outbound.values()
    left = "ST_left"
    livekit_server.outbound[left] = SIPOutboundTrunkInfo()
    livekit_server.outbound[left].CopyFrom(like)
    livekit_server.outbound[left].sip_trunk_id = left
    service.installation.provisions.given_up.give_up(left, trunk.id)
    if deleted:
        del livekit_server.outbound[left]
    given_up = service.installation.provisions.given_up
    wait_until(lambda: left not in livekit_server.outbound and not _standing(service, left))
    # What the trunk has is not touched.
    assert livekit_server.outbound.keys() == {stands.outbound_id}
    assert given_up.among([left]) == {left}


def _standing(service: Service, side_id: str) -> bool:
    with service.installation.database.read() as session:
        query = select(GivenUpSide.gone_at).where(GivenUpSide.side_id == side_id)
        return session.scalars(query).one() is None


def test_a_stopping_worker_gives_work_back_and_the_next_takes_over(
    start_service: Callable[[Settings], Service],
    provisioning_settings: Settings,
    livekit_server: LiveKitServer,
) -> None:
    first = start_service(provisioning_settings)
    trunk = make_trunk(first)
    livekit_server.fail(Fault.HELD, method="CreateSIPOutboundTrunk")
    ask(first, trunk)
    livekit_server.wait_for_call("CreateSIPOutboundTrunk")
    (left,) = livekit_server.inbound
    first.stop_worker()
    assert not view(first, trunk).settled
    livekit_server.heal()
    second = start_service(provisioning_settings)
    wait_until(lambda: view(second, trunk).succeeded)
    assert livekit_server.inbound.keys() == {left}
    assert len(livekit_server.outbound) == 1


@pytest.fixture
def asking(
    postgres_url: str,
    redis_server: RedisServer,
    livekit_server: LiveKitServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Service]:
    """Give what only keeps the store, for worker processes with the settings of this one."""
    given = {
        "TRUNKS_DATABASE_URL": postgres_url,
        "TRUNKS_BROKER_URL": redis_server.url,
        "TRUNKS_SECRET_KEYS": SECRET_KEYS,
        "TRUNKS_PROVISIONER": "livekit",
        "LIVEKIT_URL": livekit_server.url,
        "LIVEKIT_API_KEY": API_KEY,
        "LIVEKIT_API_SECRET": API_SECRET,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    asking = Service(load_settings())
    asking.doorbell.start()
    yield asking
    asking.doorbell.stop()
    asking.installation.close()


def lease_is_over(asking: Service) -> None:
    """Let a killed worker's lease be over, as it would be in less than a minute."""
    with asking.installation.database.write() as session:
        session.execute(update(Provision).values(lease_until=utc_now() - timedelta(seconds=1)))


@pytest.fixture
def killed(asking: Service, livekit_server: LiveKitServer, tmp_path: Path) -> tuple[Service, Trunk]:
    """Kill a worker process with SIGKILL between a trunk's halves; give what only keeps the store, and the trunk."""
    trunk = make_trunk(asking)
    livekit_server.fail(Fault.HELD, method="CreateSIPOutboundTrunk")
    ask(asking, trunk)
    victim = Trunkd("worker", folder=tmp_path, environment=settings_of_this_process())
    with victim:
        livekit_server.wait_for_call("CreateSIPOutboundTrunk", within_seconds=WITHIN_SECONDS)
        victim.kill()
    assert PASSWORD not in victim.out + victim.err
    livekit_server.heal()
    assert (len(livekit_server.inbound), len(livekit_server.outbound)) == (1, 0)
    lease_is_over(asking)
    return asking, trunk


def test_a_kill_at_the_deletion_leaves_a_tombstone_and_then_nothing(
    asking: Service,
    start_service: Callable[[Settings], Service],
    livekit_server: LiveKitServer,
    tmp_path: Path,
) -> None:
    trunk = make_trunk(asking)
    ask(asking, trunk)
    victim = Trunkd("worker", folder=tmp_path, environment=settings_of_this_process())
    with victim:
        wait_until(lambda: view(asking, trunk).succeeded)
        livekit_server.fail(Fault.HELD, method="DeleteSIPTrunk")
        remove(asking, trunk)
        asking.doorbell.ring_provision(trunk.id)
        livekit_server.wait_for_call("DeleteSIPTrunk", within_seconds=WITHIN_SECONDS)
        victim.kill()
    assert (len(livekit_server.inbound), len(livekit_server.outbound)) == (1, 1)
    (given_up,) = asking.installation.provisions.given_up.of_trunk(trunk.id)
    assert given_up in livekit_server.inbound.keys() | livekit_server.outbound.keys()
    livekit_server.heal()
    lease_is_over(asking)
    start_service(asking.installation.settings)
    wait_until(lambda: not (livekit_server.inbound or livekit_server.outbound))
    wait_until(lambda: asking.installation.provisions.overview.view(trunk.id) is None)


def test_a_kill_between_the_halves_is_completed(
    killed: tuple[Service, Trunk],
    start_service: Callable[[Settings], Service],
    livekit_server: LiveKitServer,
) -> None:
    asking, trunk = killed
    (left,) = livekit_server.inbound
    start_service(asking.installation.settings)
    wait_until(lambda: view(asking, trunk).succeeded)
    assert livekit_server.inbound.keys() == {left}
    assert livekit_server.outbound.keys() == {view(asking, trunk).outbound_id}


def test_a_kill_between_the_halves_of_a_trunk_that_is_given_up_leaves_nothing(
    killed: tuple[Service, Trunk],
    start_service: Callable[[Settings], Service],
    livekit_server: LiveKitServer,
) -> None:
    asking, trunk = killed
    remove(asking, trunk)
    start_service(asking.installation.settings)
    wait_until(lambda: not livekit_server.inbound)
    wait_until(lambda: asking.installation.provisions.overview.view(trunk.id) is None)
    assert livekit_server.outbound == {}


@pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)
def test_a_message_carries_the_id_and_no_secret(
    service: Service, redis_server: RedisServer, livekit_server: LiveKitServer
) -> None:
    service.stop_worker()
    trunk = make_trunk(service)
    ask(service, trunk)
    service.doorbell.stop()
    with service.app.connection_for_read() as connection:
        (message,) = connection.default_channel.client.lrange("provision", 0, -1)
    body = base64.b64decode(json.loads(message)["body"])
    assert json.loads(body)[:2] == [[str(trunk.id)], {}]


def test_no_password_in_logs_or_events(
    service: Service, livekit_server: LiveKitServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    livekit_server.fail(Fault.INTERNAL, method="CreateSIPOutboundTrunk", times=1)
    trunk = make_trunk(service)
    ask(service, trunk)
    service.wait_done(trunk.id)
    reconcile(service)
    wait_until(lambda: view(service, trunk).succeeded)
    assert PASSWORD not in caplog.text
    assert API_SECRET not in caplog.text
    assert PASSWORD not in repr([flip.changes for flip in service.store.flips(trunk.id)])
