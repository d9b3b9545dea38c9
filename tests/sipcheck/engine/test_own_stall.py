"""A loop without the processor: what waits is read first, and what is then missing is no word on the peer."""

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from sipcheck import Cause, CredentialState, HostPort, Outcome, Party, Reason, TransportName
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import Behaviour, TlsServer
from tests.peers.udp_peer import Reply, UdpPeer, silent
from tests.sipcheck.conftest import ALICE, Verify
from tests.sipcheck.provoked.claims import assert_claims

TIMEOUT_SECONDS = 1.0


def stand_still_once(asked: Callable[[], bool]) -> asyncio.Task[None]:
    """Once the peer was asked, hold the loop over the deadline of everything, and a second more."""

    async def stand_still() -> None:
        while not asked():  # noqa: ASYNC110 - what its peer has heard, another thread knows
            await asyncio.sleep(0.005)
        time.sleep(TIMEOUT_SECONDS + 1.2)  # noqa: ASYNC251 - what a process without a processor does

    return asyncio.create_task(stand_still())


@pytest.mark.parametrize("credentials", [None, ALICE], ids=["none", "given"])
async def test_silence_that_we_slept_over_is_ours(
    credentials: Any, windowed: bool, udp_peer_factory: Callable[..., UdpPeer], verify: Verify
) -> None:
    peer = udp_peer_factory(silent)
    still = stand_still_once(lambda: bool(peer.received))
    report = await verify(
        f"127.0.0.1:{peer.port}",
        transport=TransportName.UDP,
        credentials=credentials,
        timeout_seconds=TIMEOUT_SECONDS,
    )
    await still
    assert (report.outcome, report.reason, report.cause, report.party) == (
        Outcome.INCONCLUSIVE,
        Reason.DEADLINE_EXCEEDED,
        Cause.OWN_STALL,
        Party.OURS,
    ), report.summary
    assert report.summary.startswith(
        f"Our own system stood still while the check waited for 127.0.0.1:{peer.port}/udp"
    )
    assert_claims(report)


async def test_what_came_while_we_slept_is_an_answer(
    windowed: bool, udp_peer_factory: Callable[..., UdpPeer], verify: Verify
) -> None:
    peer = udp_peer_factory(lambda request: [Reply(data=reply_to(request), after_seconds=0.5)])
    still = stand_still_once(lambda: bool(peer.received))
    report = await verify(
        f"127.0.0.1:{peer.port}",
        transport=TransportName.UDP,
        timeout_seconds=TIMEOUT_SECONDS,
    )
    await still
    assert report.reason is Reason.ALIVE, report.summary


@pytest.mark.parametrize("transport", [TransportName.TCP, TransportName.TLS])
async def test_a_silent_stream_that_we_slept_over_is_ours(
    transport: TransportName, tls_server_factory: Callable[..., TlsServer], verify: Verify
) -> None:
    """Over TCP the answer does not come, over TLS not even the handshake's."""
    peer = tls_server_factory(behaviour=Behaviour.SILENT)
    still = stand_still_once(lambda: any(each.foreign_bytes for each in peer.connections))
    report = await verify(
        f"127.0.0.1:{peer.port}", transport=transport, timeout_seconds=TIMEOUT_SECONDS, credentials=ALICE
    )
    await still
    assert (report.reason, report.cause, report.party) == (
        Reason.DEADLINE_EXCEEDED,
        Cause.OWN_STALL,
        Party.OURS,
    ), report.summary
    assert report.credentials in (CredentialState.NOT_TESTED, CredentialState.UNPROVEN)
    assert_claims(report)


async def test_a_question_that_we_slept_over_is_ours(
    udp_peer_factory: Callable[..., UdpPeer], verify: Verify
) -> None:
    nameserver = udp_peer_factory(silent)
    still = stand_still_once(lambda: bool(nameserver.received))
    report = await verify(
        "carrier.example",
        transport=TransportName.UDP,
        timeout_seconds=TIMEOUT_SECONDS,
        dns=SimpleNamespace(address=HostPort("127.0.0.1", nameserver.port)),
    )
    await still
    assert (report.outcome, report.reason, report.cause, report.party) == (
        Outcome.INCONCLUSIVE,
        Reason.DNS_TIMEOUT,
        Cause.OWN_STALL,
        Party.OURS,
    ), report.summary
    assert_claims(report)


async def test_a_question_for_which_there_was_no_turn_is_ours(
    monkeypatch: pytest.MonkeyPatch, verify: Verify
) -> None:
    """Nothing was sent, so nobody has failed to answer."""
    monkeypatch.setattr("sipcheck.dns.query.MAX_QUESTIONS_AT_ONCE", 0)
    report = await verify(
        "host.carrier.example:5070",
        transport=TransportName.UDP,
        timeout_seconds=TIMEOUT_SECONDS,
        dns=SimpleNamespace(address=HostPort("127.0.0.1", 9)),
    )
    assert (report.reason, report.cause, report.party) == (Reason.DNS_TIMEOUT, Cause.NOT_ASKED, Party.OURS)
    assert "which was not sent" in report.summary
