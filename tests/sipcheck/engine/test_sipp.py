"""sipp as the peer: what a silent, a slow and an unavailable carrier see and say."""

import asyncio
from collections.abc import Callable

import pytest

from sipcheck import Outcome, Party, Reason, TransportName, WarningCode
from tests.peers.sipp import Scenario, Sipp
from tests.sipcheck.conftest import ALICE, Verify

CLOCK_TOLERANCE_SECONDS = 0.25  # a loaded machine's; the schedule itself is tested on a fake clock


async def test_the_schedule_of_a_silent_peer_seen_on_the_wire(
    sipp_factory: Callable[..., Sipp], verify: Verify
) -> None:
    """RFC 3261 §17.1.2.2: OPTIONS at 0, 0.5, 1.5, 3.5 s; the deadline ends it."""
    peer = sipp_factory(scenario=Scenario.SILENT)
    report = await verify(f"127.0.0.1:{peer.port}", transport=TransportName.UDP, timeout_seconds=4)
    assert (report.outcome, report.reason, report.party) == (
        Outcome.FAILED,
        Reason.NO_RESPONSE,
        Party.NETWORK,
    )
    seen = await asyncio.to_thread(peer.retransmission_seconds, "OPTIONS")
    assert seen == pytest.approx([0, 0.5, 1.5, 3.5], abs=CLOCK_TOLERANCE_SECONDS)
    assert report.edges[0].retransmissions == 3


async def test_nothing_is_sent_twice_over_tcp(sipp_factory: Callable[..., Sipp], verify: Verify) -> None:
    peer = sipp_factory(scenario=Scenario.SILENT, transport="tcp")
    report = await verify(f"127.0.0.1:{peer.port}", transport=TransportName.TCP, timeout_seconds=2)
    assert report.reason is Reason.NO_RESPONSE
    assert len(await asyncio.to_thread(peer.retransmission_seconds, "OPTIONS")) == 1


async def test_silence_to_options_gets_register_all_the_same(
    sipp_factory: Callable[..., Sipp], verify: Verify
) -> None:
    """docs/design/sip.md, the time plan: after 2 s of 10, here 0.4 s of 2."""
    peer = sipp_factory(scenario=Scenario.SILENT)
    report = await verify(
        f"127.0.0.1:{peer.port}", transport=TransportName.UDP, timeout_seconds=2, credentials=ALICE
    )
    assert report.reason is Reason.NO_RESPONSE
    messages = await asyncio.to_thread(peer.messages)
    first = {method: next(m.at for m in messages if m.method == method) for method in ("OPTIONS", "REGISTER")}
    waited = (first["REGISTER"] - first["OPTIONS"]).total_seconds()
    assert waited == pytest.approx(0.4, abs=CLOCK_TOLERANCE_SECONDS)


async def test_a_provisional_answer_is_waited_out(sipp_factory: Callable[..., Sipp], verify: Verify) -> None:
    """§17.1.2.2: after a 1xx the next retransmission waits T2, so 0.8 s bring at most the one at 0.5 s."""
    peer = sipp_factory(scenario=Scenario.TRYING_THEN_OK, pause_ms=800)
    report = await verify(f"127.0.0.1:{peer.port}", transport=TransportName.UDP)
    assert report.reason is Reason.ALIVE
    assert report.edges[0].rtt_ms is not None
    assert report.edges[0].rtt_ms > 700
    assert report.edges[0].retransmissions <= 1


async def test_retry_after_is_kept(sipp_factory: Callable[..., Sipp], verify: Verify) -> None:
    """§20.33: the comment and the parameter are no part of the seconds."""
    peer = sipp_factory(scenario=Scenario.UNAVAILABLE, keys={"retry_after": "120 (maintenance);duration=60"})
    report = await verify(f"127.0.0.1:{peer.port}", transport=TransportName.UDP)
    assert (report.outcome, report.reason) == (Outcome.INCONCLUSIVE, Reason.SIP_SERVICE_UNAVAILABLE)
    assert report.edges[0].retry_after_seconds == 120
    assert report.retry_at is not None
    assert (report.retry_at - report.started_at).total_seconds() == pytest.approx(120, abs=5)
    assert not any(warning.code is WarningCode.RETRANSMITTED for warning in report.warnings)
