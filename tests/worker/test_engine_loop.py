"""The engine's loop: jobs from any thread, and a clean end."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from sipcheck.dns.resolver import Resolver
from sipcheck.dns.route import Edge, Route
from sipcheck.errors import SettingInvalid
from sipcheck.failure import Failure
from sipcheck.guard import Guard
from sipcheck.reasons import Reason
from sipcheck.report.model import Report
from sipcheck.settings import EngineSettings
from sipcheck.target import Target, TransportName
from tests.peers.dns_server import DnsServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer, silent
from trunks.errors import RunInterrupted, RunPostponed
from trunks.runs.gateway_check import GatewayCheck
from worker.engine_loop import EngineLoop
from worker.runs.kept_routes import KeptRoutes

LOOPBACK = EngineSettings(guard=Guard(allow_networks=(ip_network("127.0.0.0/8"),)))


async def never(realm: str) -> Reason | None:
    raise AssertionError(f"nothing challenged for {realm}")


def verify(loop: EngineLoop, peer: UdpPeer) -> "Future[Report]":
    return loop.begin(lambda _: loop.verify([job(peer)]))


def job(peer: UdpPeer) -> GatewayCheck:
    return GatewayCheck(Target(peer.address, peer.port, TransportName.UDP), None, never)


async def outlive(verifying: Coroutine[Any, Any, Report]) -> Report:
    """Go on when the loop stops, as the runs do, until what they verify is broken off."""
    task = asyncio.ensure_future(verifying)
    with suppress(asyncio.CancelledError):
        await asyncio.shield(task)
    return await task


def test_jobs_of_many_threads_share_one_loop(udp_peer_factory: Callable[..., UdpPeer]) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request)])
    loop = EngineLoop(LOOPBACK, timeout_seconds=5)
    loop.start()
    with ThreadPoolExecutor(8) as threads:
        reports = list(threads.map(lambda _: verify(loop, peer).result(), range(20)))
    loop.stop()
    assert {report.reason for report in reports} == {Reason.ALIVE}


def test_a_run_that_was_put_off_does_not_ask_the_resolver_again_and_any_other_does(
    udp_peer_factory: Callable[..., UdpPeer], monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request)])
    zone = (
        f"_sip._udp.carrier.example. SRV 10 0 {peer.port} sip.carrier.example.\n"
        "sip.carrier.example. A 127.0.0.1"
    )

    async def put_off(edges: Sequence[Edge]) -> None:
        raise RunPostponed(0.0)

    async def verified(given: GatewayCheck) -> Report | None:
        with suppress(RunPostponed):
            return await loop.verify([given])
        return None

    def report_of(given: GatewayCheck) -> Report | None:
        asked.append(len(server.queries))
        return loop.begin(lambda _: verified(given)).result()

    asked: list[int] = []
    fresh = GatewayCheck(Target("carrier.example", transport=TransportName.UDP), None)
    again = replace(fresh, again=True)
    with DnsServer(zone) as server:
        loop = EngineLoop(replace(LOOPBACK, nameservers=(server.address,)), timeout_seconds=5)
        loop.start()
        report_of(replace(fresh, admit=put_off))
        report_of(replace(again, admit=put_off))
        kept, anew = report_of(again), report_of(fresh)
        monkeypatch.setattr("worker.runs.kept_routes.KEPT_SECONDS", 0.0)
        report_of(again)
        asked.append(len(server.queries))
        loop.stop()
    once = asked[1]
    assert asked == [0, once, once, once, 2 * once, 3 * once]
    assert kept is not None
    assert anew is not None
    assert (kept.reason, kept.edges[0].address, kept.summary) == (Reason.ALIVE, "127.0.0.1", anew.summary)
    assert [check.code for check in kept.checks] == [check.code for check in anew.checks]


async def test_only_so_many_routes_are_kept_and_none_that_leads_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.runs.kept_routes._MOST_KEPT", 2)
    kept = KeptRoutes()
    route = await Resolver().resolve(Target("127.0.0.1", 5060, TransportName.UDP))
    assert route.failure is None
    for number in range(3):
        kept.keep(Target(f"{number}.example"), route, 1.0)
    assert [kept.find(Target(f"{number}.example"), 60.9) for number in range(3)] == [None, route, route]
    assert kept.find(Target("2.example"), 61.0) is None
    nowhere = Route(failure=Failure.of(Reason.DNS_NXDOMAIN, "dns.nxdomain"))
    kept.keep(Target("nowhere.example"), nowhere, 1.0)
    assert kept.find(Target("nowhere.example"), 2.0) is None


def test_a_setting_that_the_engine_cannot_use_is_raised_to_whoever_starts_it() -> None:
    # 192.0.2.1 is for documentation (RFC 5737): no machine has it.
    loop = EngineLoop(EngineSettings(source_address="192.0.2.1"), timeout_seconds=5)
    with pytest.raises(SettingInvalid, match=r"192\.0\.2\.1"):
        loop.start()


def test_what_does_not_finish_in_its_grace_is_broken_off(udp_peer_factory: Callable[..., UdpPeer]) -> None:
    peer = udp_peer_factory(silent)
    loop = EngineLoop(LOOPBACK, timeout_seconds=30)
    loop.start()
    running = loop.begin(lambda _: outlive(loop.verify([job(peer)])))
    peer.wait_for_received(1)
    loop.stop(grace_seconds=0.05)
    with pytest.raises(RunInterrupted):
        running.result()


def test_a_stopped_loop_takes_no_job(udp_peer_factory: Callable[..., UdpPeer]) -> None:
    peer = udp_peer_factory(silent)
    loop = EngineLoop(LOOPBACK, timeout_seconds=5)
    loop.start()
    loop.stop()
    loop.stop()
    with pytest.raises(RunInterrupted):
        verify(loop, peer)
    assert peer.received == []
