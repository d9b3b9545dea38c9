"""A worker has no more runs in flight than places, whatever waits (docs/design/queue.md, "From row to record")."""

from collections.abc import Callable

from sqlalchemy import func, select

from sipcheck.reasons import Reason
from sipcheck.target import TransportName
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, Script, UdpPeer
from tests.worker.service import Service
from trunks.installation.settings import Settings
from trunks.models.verification import Verification, VerificationStatus

HOST = "127.0.0.1"
PLACES = 3
RUNS = 12


def alive_after_a_while(request: bytes) -> list[bytes | Reply]:
    return [Reply(data=reply_to(request), after_seconds=0.3)]


def running(service: Service) -> int:
    with service.installation.database.read() as session:
        return (
            session.scalar(select(func.count()).where(Verification.status == VerificationStatus.RUNNING)) or 0
        )


def test_no_more_runs_than_places(
    start_service: Callable[[Settings], Service],
    form_settings: Settings,
    udp_peer_factory: Callable[[Script], UdpPeer],
) -> None:
    service = start_service(form_settings.model_copy(update={"runs_in_flight": PLACES}))
    peer = udp_peer_factory(alive_after_a_while)
    trunks = [
        service.make_trunk(
            host=HOST, port=peer.port, transport=TransportName.UDP, username=None, password=None
        )
        for _ in range(RUNS)
    ]
    ids = [service.request(trunk) for trunk in trunks]
    most = 0
    while len(service.told()) < RUNS:
        most = max(most, running(service))
        service.wait_a_moment()
    assert most == PLACES
    assert {service.store.run(trunk.id, each).reason for trunk, each in zip(trunks, ids, strict=True)} == {
        Reason.ALIVE
    }


def test_a_run_that_nobody_rings_for_is_found(
    service: Service, udp_peer_factory: Callable[[Script], UdpPeer]
) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request)])
    trunk = service.make_trunk(
        host=HOST, port=peer.port, transport=TransportName.UDP, username=None, password=None
    )
    unheard = service.installation.runs.requests.request(service.store.caller, trunk.id)
    service.wait_done(unheard)
    assert service.store.run(trunk.id, unheard).reason is Reason.ALIVE
