"""The store goes away while a run is with its peer, and comes back."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from sipcheck.reasons import Reason
from sipcheck.target import TransportName
from tests.peers.postgres_server import PostgresServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, Script, UdpPeer
from tests.worker.service import Service
from trunks.installation.settings import Settings
from trunks.models.verification import VerificationStatus

HOST = "127.0.0.1"

pytestmark = pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)


class Carrier:
    """Challenges, and takes what it gets; a word in a request kills the store before its answer."""

    def __init__(self, postgres_server: PostgresServer, fatal: bytes) -> None:
        self._postgres_server = postgres_server
        self._fatal = fatal
        self.killed = False

    def __call__(self, request: bytes) -> Sequence[bytes | Reply]:
        if self._fatal in request and not self.killed:
            self._postgres_server.kill()
            self.killed = True
        if request.startswith(b"REGISTER") and b"\r\nAuthorization:" not in request:
            header = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", qop="auth"')
            return [reply_to(request, 401, "Unauthorized", headers=[header])]
        return [reply_to(request)]


@pytest.mark.parametrize("fatal", [b"OPTIONS", b"\r\nAuthorization:"])
def test_a_verdict_waits_for_the_store_to_come_back(
    start_service: Callable[[Settings], Service],
    form_settings: Settings,
    udp_peer_factory: Callable[[Script], UdpPeer],
    postgres_server: PostgresServer,
    fatal: bytes,
) -> None:
    service = start_service(form_settings)
    carrier = Carrier(postgres_server, fatal)
    peer = udp_peer_factory(carrier)
    plain = {"username": None, "password": None} if fatal == b"OPTIONS" else {}
    trunk = service.make_trunk(host=HOST, port=peer.port, transport=TransportName.UDP, **plain)
    verification_id = service.request(trunk)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(service.wait_done, verification_id)
        while not carrier.killed:
            service.wait_a_moment()
        postgres_server.start()
        waiting.result()
    run = service.store.run(trunk.id, verification_id)
    assert run.status is VerificationStatus.DONE
    assert run.reason is (Reason.ALIVE if plain else Reason.CREDENTIALS_PROVEN)
    assert len(service.store.flips(trunk.id)) == 1
    assert len(service.store.runs(trunk.id)) == 1
