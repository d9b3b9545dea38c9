"""Three workers are killed again and again between a password's leaving and its answer: nobody bans us for it."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from sipcheck.reasons import Reason
from sipcheck.target import TransportName
from tests.peers.guarded_carrier import FAIL2BAN, FREEPBX, GuardedCarrier
from tests.peers.redis_server import RedisServer
from tests.peers.udp_peer import Reply, UdpPeer
from tests.trunkd.daemon import Trunkd, settings_of_this_process
from tests.trunks.forms import SECRET_KEYS
from tests.worker.service import Service
from trunks.clock import utc_now
from trunks.installation.settings import Settings, load_settings
from trunks.models.knock import KnockRow
from trunks.models.verification import Verification, VerificationStatus

HOST = "127.0.0.1"
ANSWERED_AFTER_SECONDS = 0.5
WITHIN_SECONDS = 60.0
TRUNKS = 12


@pytest.fixture
def settings(postgres_url: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in {
        "DATABASE_URL": postgres_url,
        "BROKER_URL": redis_server.url,
        "SECRET_KEYS": SECRET_KEYS,
        "ALLOW_NETWORKS": "127.0.0.0/8",
        "KNOCKS": "6/30/80",
        "VERIFY_TIMEOUT_SECONDS": "3",
    }.items():
        monkeypatch.setenv(f"TRUNKS_{name}", value)
    return load_settings()


class SlowToJudge:
    """A guarded carrier that takes its time to answer a password."""

    def __init__(self, carrier: GuardedCarrier) -> None:
        self._carrier = carrier

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        judged = b"\r\nAuthorization:" in request
        after_seconds = ANSWERED_AFTER_SECONDS if judged else 0.0
        return [Reply(data=data, after_seconds=after_seconds) for data in self._carrier(request)]


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.long)])
def test_what_nobody_heard_of_stands_whole(
    settings: Settings, udp_peer_factory: Callable[..., UdpPeer], tmp_path: Path, kills: int
) -> None:
    carrier = GuardedCarrier(utc_now, jails=(*FAIL2BAN, *FREEPBX))
    peer = udp_peer_factory(SlowToJudge(carrier))
    # One that only keeps the store and the doorbell: its worker is not started.
    asking = Service(settings)
    asking.doorbell.start()
    for number in range(TRUNKS):
        asking.request(
            asking.make_trunk(
                host=HOST,
                port=peer.port,
                transport=TransportName.UDP,
                name=f"trunk {number}",
                username=f"nobody{number}",
                password="x",
            )
        )
    for _ in range(kills):
        passwords = len(carrier.passwords)
        with ExitStack() as stack:
            workers = [
                stack.enter_context(Trunkd("worker", folder=tmp_path, environment=settings_of_this_process()))
                for _ in range(3)
            ]
            _wait_for(lambda: len(carrier.passwords) > passwords or _resting(asking) > 0)  # noqa: B023
            for worker in workers:
                worker.kill()
        _let_leases_end(asking)
    assert carrier.banned_at is None
    assert carrier.most_within(timedelta(minutes=10)) < 10
    assert _resting(asking) > 0
    asking.doorbell.stop()
    asking.installation.close()


def _wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _resting(asking: Service) -> int:
    with asking.installation.database.read() as session:
        told = (
            Verification.status == VerificationStatus.QUEUED,
            Verification.reason == Reason.ADDRESS_RESTING,
        )
        return session.scalar(select(func.count()).select_from(Verification).where(*told)) or 0


def _let_leases_end(asking: Service) -> None:
    """They would be over in less than a minute: let that have passed."""
    ended = utc_now() - timedelta(seconds=1)
    with asking.installation.database.write() as session:
        for row in (Verification, KnockRow):
            session.execute(update(row).where(row.lease_until > ended).values(lease_until=ended))
