"""Workers as processes of their own: killed, and started by Celery's own command."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from sipcheck.reasons import Reason
from sipcheck.target import TransportName
from tests.peers.kamailio import PASSWORD, Kamailio
from tests.peers.process import OwnedProcess
from tests.peers.redis_server import RedisServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer, silent
from tests.trunkd.daemon import Trunkd, settings_of_this_process
from tests.trunks.forms import SECRET_KEYS
from tests.worker.service import Service
from trunks.clock import utc_now
from trunks.ids import new_id
from trunks.installation.settings import Settings, load_settings
from trunks.models.verification import Verification, VerificationStatus
from worker.broker_ping import worker_answers

HOST = "127.0.0.1"


@pytest.fixture
def scaled_settings(
    postgres_url: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Put the settings of the scaled form into the environment of the processes, and give them."""
    monkeypatch.setenv("TRUNKS_DATABASE_URL", postgres_url)
    monkeypatch.setenv("TRUNKS_BROKER_URL", redis_server.url)
    monkeypatch.setenv("TRUNKS_SECRET_KEYS", SECRET_KEYS)
    monkeypatch.setenv("TRUNKS_ALLOW_NETWORKS", "127.0.0.0/8")
    return load_settings()


def program(name: str) -> str:
    """Find a program of this very environment."""
    return str(Path(sys.executable).with_name(name))


def test_a_run_whose_worker_is_killed_is_taken_over(
    start_service: Callable[[Settings], Service],
    scaled_settings: Settings,
    udp_peer_factory: Callable[..., UdpPeer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer = udp_peer_factory(silent)
    monkeypatch.setenv("TRUNKS_VERIFY_TIMEOUT_SECONDS", "30")
    # One that only keeps the store and the doorbell: its worker is not started.
    asking = Service(scaled_settings)
    asking.doorbell.start()
    trunk = asking.make_trunk(host=HOST, port=peer.port, transport=TransportName.UDP)
    verification_id = asking.request(trunk)
    victim = Trunkd("worker", folder=tmp_path, environment=settings_of_this_process())
    with victim:
        peer.wait_for_received(1, within_seconds=20)
        victim.kill()
    left = asking.store.run(trunk.id, verification_id)
    assert left.status is VerificationStatus.RUNNING
    # Its lease would be over in less than a minute: let that have passed.
    with asking.installation.database.write() as session:
        session.execute(
            update(Verification)
            .where(Verification.id == verification_id)
            .values(lease_until=utc_now() - timedelta(seconds=1))
        )
    other = start_service(scaled_settings.model_copy(update={"verify_timeout_seconds": 1.0}))
    other.wait_done(verification_id)
    taken_over = asking.store.run(trunk.id, verification_id)
    assert taken_over.reason is Reason.NO_RESPONSE
    assert taken_over.claim_id != left.claim_id
    asking.doorbell.stop()
    asking.installation.close()


def test_celerys_own_command_runs_a_worker(
    scaled_settings: Settings, kamailio_factory: Callable[..., Kamailio], tmp_path: Path
) -> None:
    kamailio = kamailio_factory(domain=HOST)
    asking = Service(scaled_settings)
    asking.doorbell.start()
    trunk = asking.make_trunk(host=HOST, port=kamailio.port, transport=TransportName.UDP, password=PASSWORD)

    def consumes() -> bool:
        try:
            worker_answers(asking.app)
        except LookupError:
            return False
        return True

    celery = OwnedProcess(
        program("celery"), ["-A", "worker", "worker"], ready=consumes, log_file=tmp_path / "celery.log"
    )
    with celery:
        verification_id = asking.request(trunk)
        deadline = time.monotonic() + 20
        while (
            not asking.installation.runs.requests.done_among([verification_id])
            and time.monotonic() < deadline
        ):
            time.sleep(0.05)
        assert asking.store.trunk(trunk.id).is_verified
        os.kill(celery.pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while celery.running and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not celery.running
    assert PASSWORD not in celery.log()
    asking.doorbell.stop()
    asking.installation.close()


def test_two_workers_that_hear_of_every_run_often_do_each_once(
    scaled_settings: Settings,
    udp_peer_factory: Callable[..., UdpPeer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request)])
    for name in ("RATE", "CONCURRENCY"):
        monkeypatch.setenv(f"TRUNKS_ADDRESS_{name}", "0")
    # One that only keeps the store and the doorbell: its worker is not started.
    asking = Service(scaled_settings)
    asking.doorbell.start()
    with ExitStack() as stack:
        # Their sweeps are left to others.
        workers = [
            stack.enter_context(
                Trunkd(
                    *("worker", "--queues", "verify"),
                    folder=tmp_path,
                    environment=settings_of_this_process(),
                )
            )
            for _ in range(2)
        ]
        for worker in workers:
            worker.wait_until(lambda: "worker-started" in worker.err)  # noqa: B023
        trunks = [
            asking.make_trunk(
                host=HOST, port=peer.port, transport=TransportName.UDP, username=None, password=None
            )
            for _ in range(30)
        ]
        ids = [asking.installation.runs.requests.request(asking.store.caller, trunk.id) for trunk in trunks]
        for verification_id in ids * 5:
            asking.doorbell.ring(verification_id)
        deadline = time.monotonic() + 30
        while asking.installation.runs.requests.done_among(ids) != set(ids):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        # Whatever a message too many could do, it has done when they have ended.
        assert [worker.stop() for worker in workers] == [0, 0]
    assert all(len(asking.store.flips(trunk.id)) == 1 for trunk in trunks)
    assert all(len(asking.store.runs(trunk.id)) == 1 for trunk in trunks)
    branches = {each.data.split(b"branch=")[1].split(b"\r\n")[0] for each in peer.received}
    assert len(branches) == len(trunks)
    asking.doorbell.stop()
    asking.installation.close()


def test_a_message_for_a_run_that_is_not_there_is_harmless(
    start_service: Callable[[Settings], Service], scaled_settings: Settings
) -> None:
    service = start_service(scaled_settings)
    service.doorbell.ring(new_id())
    service.wait_answers()
