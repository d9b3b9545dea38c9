"""A trunk is verified by a Celery task over SIP against Kamailio, and flipped in the store."""

import base64
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.target import TransportName
from tests.peers.kamailio import PASSWORD, USERNAME, Kamailio
from tests.peers.redis_server import RedisServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Script, UdpPeer, silent
from tests.worker.service import Service
from trunks.installation.settings import Settings
from trunks.models.verification import VerificationStatus
from trunks.rules.trunk_state import HealthStatus
from worker.doorbell import CeleryDoorbell

HOST = "127.0.0.1"
CONTACT = "sip:alice@192.0.2.7:5060"


@pytest.fixture
def kamailio(kamailio_factory: Callable[..., Kamailio]) -> Kamailio:
    return kamailio_factory(domain=HOST, bindings={USERNAME: CONTACT})


@pytest.mark.parametrize("transport", [TransportName.UDP, TransportName.TCP])
def test_the_right_password_verifies(service: Service, kamailio: Kamailio, transport: TransportName) -> None:
    trunk = service.make_trunk(host=HOST, port=kamailio.port, transport=transport, password=PASSWORD)
    before = kamailio.location_table()
    verification = service.verify(trunk)
    assert (verification.outcome, verification.reason) == (Outcome.VERIFIED, Reason.CREDENTIALS_PROVEN)
    assert verification.counted
    assert verification.auth_sent_at is not None
    assert verification.claimed_at is not None
    assert verification.finished_at is not None
    assert verification.claimed_at <= verification.auth_sent_at <= verification.finished_at
    found = service.store.trunk(trunk.id)
    assert (found.is_verified, found.health_status) == (True, HealthStatus.HEALTHY)
    assert found.credentials is CredentialState.PROVEN
    (flip,) = service.store.flips(trunk.id)
    assert flip.changes["is_verified"] == [False, True]
    # RFC 3261 §10.2.3: without Contact a REGISTER leaves the bindings as they are.
    assert kamailio.location_table() == before


def test_a_wrong_password_is_refused_and_sent_once(service: Service, kamailio: Kamailio) -> None:
    trunk = service.make_trunk(
        host=HOST, port=kamailio.port, transport=TransportName.UDP, password="not this one"
    )
    verification = service.verify(trunk)
    assert (verification.outcome, verification.reason) == (Outcome.FAILED, Reason.CREDENTIALS_REJECTED)
    found = service.store.trunk(trunk.id)
    assert (found.is_verified, found.health_status) == (False, HealthStatus.UNHEALTHY)
    assert len(kamailio.requests_seen("REGISTER", credentials=True)) == 1


def test_a_doubled_message_sends_and_flips_once(service: Service, kamailio: Kamailio) -> None:
    trunk = service.make_trunk(host=HOST, port=kamailio.port, transport=TransportName.UDP, password=PASSWORD)
    verification_id = service.request(trunk)
    for _ in range(20):
        service.doorbell.ring(verification_id)
    service.wait_done(verification_id)
    # A later run on the same queue: when it is done, all the doubled messages have been taken.
    service.verify(trunk)
    assert service.told().count(verification_id) == 1
    assert len(service.store.flips(trunk.id)) == 1
    assert len(kamailio.requests_seen("REGISTER", credentials=True)) == 2


def test_many_trunks_are_verified_at_once(service: Service, kamailio: Kamailio) -> None:
    trunks = [
        service.make_trunk(host=HOST, port=kamailio.port, transport=TransportName.UDP, password=PASSWORD)
        for _ in range(30)
    ]
    ids = [service.request(trunk) for trunk in trunks]
    for verification_id in ids:
        service.wait_done(verification_id)
    assert all(service.store.trunk(trunk.id).is_verified for trunk in trunks)


def test_what_the_guard_refuses_is_not_sent(
    start_service: Callable[[Settings], Service],
    form_settings: Settings,
    udp_peer_factory: Callable[..., UdpPeer],
) -> None:
    peer = udp_peer_factory(silent)
    service = start_service(form_settings.model_copy(update={"allow_networks": ()}))
    trunk = service.make_trunk(host=HOST, port=peer.port, transport=TransportName.UDP)
    assert service.verify(trunk).reason is Reason.ADDRESS_FORBIDDEN
    assert peer.received == []


def challenge_options_too(request: bytes) -> list[bytes]:
    return [
        reply_to(
            request,
            401,
            "Unauthorized",
            headers=[("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')],
        )
    ]


def challenge_once() -> Script:
    """Challenge whatever carries no credentials, and fall silent at what does."""

    def answer(request: bytes) -> list[bytes]:
        return [] if b"\r\nAuthorization:" in request else challenge_options_too(request)

    return answer


def test_a_stopping_worker_gives_its_runs_back(
    service: Service, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    peer = udp_peer_factory(silent)
    trunk = service.make_trunk(host=HOST, port=peer.port, transport=TransportName.UDP)
    verification_id = service.request(trunk)
    peer.wait_for_received(1)
    service.runtime._engine_loop.stop(grace_seconds=0)
    service.stop_worker()
    verification = service.store.run(trunk.id, verification_id)
    assert (verification.status, verification.claim_id) == (VerificationStatus.QUEUED, None)


def test_a_stopping_worker_lets_runs_finish(
    service: Service, kamailio: Kamailio, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    peer = udp_peer_factory(silent)
    trunk = service.make_trunk(host=HOST, port=peer.port, transport=TransportName.UDP)
    verification_id = service.request(trunk)
    peer.wait_for_received(1)
    service.stop_worker()  # its grace is longer than this service's deadline of 3 s
    verification = service.store.run(trunk.id, verification_id)
    assert (verification.status, verification.reason) == (VerificationStatus.DONE, Reason.NO_RESPONSE)


def test_credentials_that_left_are_not_sent_again_after_a_stop(
    service: Service, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    peer = udp_peer_factory(challenge_once())
    trunk = service.make_trunk(host=HOST, port=peer.port, transport=TransportName.UDP)
    verification_id = service.request(trunk)
    while not any(b"\r\nAuthorization:" in datagram.data for datagram in peer.received):
        time.sleep(0.01)
    service.runtime._engine_loop.stop(grace_seconds=0)
    service.stop_worker()
    ended, retry = (service.store.runs(trunk.id)[index] for index in (1, 0))
    assert ended.id == verification_id
    assert (ended.outcome, ended.reason) == (Outcome.INCONCLUSIVE, Reason.CANCELLED)
    assert retry.status is VerificationStatus.QUEUED
    assert (retry.due_at - retry.requested_at).total_seconds() == 60


@pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)
def test_a_lost_broker_loses_nothing(service: Service, kamailio: Kamailio, redis_server: RedisServer) -> None:
    trunk = service.make_trunk(host=HOST, port=kamailio.port, transport=TransportName.UDP, password=PASSWORD)
    redis_server.kill()
    verification_id = service.request(trunk)
    # Workers look by themselves, whether or not the broker comes back.
    service.wait_done(verification_id)
    assert service.store.trunk(trunk.id).is_verified
    redis_server.start()
    assert service.verify(trunk).reason is Reason.CREDENTIALS_PROVEN
    assert service.worker.alive


@pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)
def test_a_message_carries_ids_of_many_runs_and_no_secret(
    start_service: Callable[[Settings], Service], form_settings: Settings, redis_server: RedisServer
) -> None:
    service = start_service(form_settings)
    service.stop_worker()
    trunks = [service.make_trunk(host=HOST, port=5060, transport=TransportName.UDP) for _ in range(3)]
    ids = [service.request(trunk) for trunk in trunks]
    service.doorbell.stop()
    with service.app.connection_for_read() as connection:
        (message,) = connection.default_channel.client.lrange("verify", 0, -1)
    body = base64.b64decode(json.loads(message)["body"])
    assert json.loads(body)[:2] == [[[str(each) for each in ids]], {}]
    assert b"battery" not in message
    assert b"battery" not in body


def test_no_password_in_logs_reports_or_the_database(
    service: Service, kamailio: Kamailio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    trunk = service.make_trunk(host=HOST, port=kamailio.port, transport=TransportName.UDP, password=PASSWORD)
    verification = service.verify(trunk)
    (sent,) = kamailio.requests_seen("REGISTER", credentials=True)
    assert sent.has_credentials
    assert PASSWORD not in json.dumps(verification.report)
    assert "response=<redacted>" in json.dumps(verification.report)
    assert PASSWORD not in caplog.text
    folder = service.installation.settings.data_dir
    for path in folder.iterdir() if folder.exists() else ():
        assert PASSWORD.encode() not in Path(path).read_bytes()
    with service.installation.database.read() as session:
        for table in ("trunks", "verifications", "flips"):
            rows = session.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608
            assert PASSWORD not in repr(rows)


def test_a_hanging_broker_holds_no_caller(service: Service) -> None:
    doorbell = CeleryDoorbell(service.app)  # its thread is never started: nothing is ever sent
    for _ in range(10_050):
        doorbell.ring(service.store.caller.token_id)
