"""Whose verdict is whose: one that a short deadline cut is nobody's who allows more, unless it is a good one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from sipcheck import EngineSettings, Proof, Reason, TransportName, parse_target
from sipcheck.cli.monitoring.exporter.modules import ProbeModule
from sipcheck.cli.monitoring.exporter.probes import Probes
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, UdpPeer
from tests.sipcheck.conftest import LOOPBACK

LATE_SECONDS = 0.7
IMPATIENT, PATIENT = 0.5, 20.0


def late(request: bytes) -> Sequence[Reply]:
    return [Reply(data=reply_to(request), after_seconds=LATE_SECONDS)]


@asynccontextmanager
async def probing(
    peer: UdpPeer, *, min_interval_seconds: float = 3600
) -> AsyncIterator[Callable[[float], "asyncio.Task[Reason]"]]:
    """Give what asks for a verdict within so many seconds."""
    target = parse_target(f"127.0.0.1:{peer.port}", transport=TransportName.UDP)
    module = ProbeModule(
        name="one",
        settings=EngineSettings(guard=LOOPBACK),
        targets={"one": target},
        credentials=None,
        proof=Proof.AUTO,
        timeout_seconds=10,
        min_interval_seconds=min_interval_seconds,
    )

    async def reason(probes: Probes, seconds: float) -> Reason:
        try:
            return (await probes.result(module, "one", seconds)).report.reason
        except TimeoutError:  # his own time and the run's end together
            return Reason.DEADLINE_EXCEEDED

    async with Probes({"one": module}, None) as probes:
        yield lambda seconds: asyncio.create_task(reason(probes, seconds))


def asked(peer: UdpPeer) -> int:
    return len({datagram.data for datagram in peer.received})


async def test_what_one_in_haste_cut_short_is_not_told_to_another() -> None:
    with UdpPeer(late) as peer:
        async with probing(peer) as ask:
            assert await ask(IMPATIENT) is Reason.DEADLINE_EXCEEDED
            assert await ask(PATIENT) is Reason.ALIVE
            assert asked(peer) == 2
            assert await ask(IMPATIENT) is Reason.ALIVE  # kept, and good: everybody's
            assert asked(peer) == 2


async def test_of_a_run_in_haste_the_end_is_awaited() -> None:
    """One at a time for each target, whoever asks."""
    with UdpPeer(late) as peer:
        async with probing(peer) as ask:
            hasty, patient = ask(IMPATIENT), ask(PATIENT)
            assert await patient is Reason.ALIVE
            assert await hasty is Reason.DEADLINE_EXCEEDED
            assert asked(peer) == 2


async def test_a_run_of_one_who_is_patient_serves_all() -> None:
    with UdpPeer(late) as peer:
        async with probing(peer) as ask:
            asking = [ask(PATIENT), ask(PATIENT), ask(PATIENT - 1)]
            assert set(await asyncio.gather(*asking)) == {Reason.ALIVE}
            assert asked(peer) == 1


async def test_a_failure_is_kept_for_all_who_allow_as_much() -> None:
    with UdpPeer(lambda request: [reply_to(request, 403, "Forbidden")]) as peer:
        async with probing(peer) as ask:
            assert {await ask(PATIENT), await ask(PATIENT - 1)} == {Reason.SIP_FORBIDDEN}
            assert asked(peer) == 1
