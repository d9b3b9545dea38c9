"""Who speaks in a request: the trunk's account wherever there is one, by every way a request is sent."""

import re
from collections.abc import Awaitable, Callable, Sequence

import pytest

from sipcheck import Credentials, Engine, EngineSettings, Target, TransportName, discover
from sipcheck.dns.route import Edge
from sipcheck.sweep.liveness import ask_edges
from sipcheck.sweep.sweep import Sweep, SweepRow
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer
from tests.sipcheck.conftest import LOOPBACK

HOST = "127.0.0.1"
NOBODY = "trunk-check"

Ask = Callable[[Engine, Target, str], Awaitable[object]]


def registrar(request: bytes) -> Sequence[bytes]:
    if request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request:
        return [reply_to(request)]
    challenge = ("WWW-Authenticate", 'Digest realm="r", nonce="n"')
    return [reply_to(request, 401, "Unauthorized", headers=[challenge])]


async def verify(engine: Engine, target: Target, user: str) -> None:
    assert (await engine.verify(target, credentials=Credentials(user, "secret"))).verified


async def verify_without_password(engine: Engine, target: Target, user: str) -> None:
    assert (await engine.verify(target, username=user)).verified


async def verify_nobody(engine: Engine, target: Target, user: str) -> None:
    assert (await engine.verify(target)).verified


async def sweep(engine: Engine, target: Target, user: str) -> None:
    rows = [SweepRow(1, target, Credentials(user, "secret"))]
    assert [each.report.verified async for each in Sweep(engine).run(rows)] == [True]


async def sweep_of_several_rows(engine: Engine, target: Target, user: str) -> None:
    rows = [SweepRow(1, target), SweepRow(2, target, Credentials(user, "secret"))]
    assert [each.report.verified async for each in Sweep(engine).run(rows)] == [True, True]


async def discovery_after_a_verification(engine: Engine, target: Target, user: str) -> None:
    refusing = Target(HOST, target.port, TransportName.TCP)
    report = await engine.verify(refusing, credentials=Credentials(user, "secret"))
    assert target.port is not None
    await discover(refusing, engine, after=report, also=[target.port])


async def check(engine: Engine, target: Target, user: str) -> None:
    for fresh in (False, True):
        for by_register in (False, True):
            assert target.port is not None
            edges = [Edge(HOST, HOST, target.port, TransportName.UDP)]
            found = await ask_edges(
                engine,
                target,
                edges,
                timeout_seconds=5,
                username=user or None,
                fresh=fresh,
                by_register=by_register,
            )
            assert found.alive


WAYS: Sequence[tuple[Ask, str, str]] = [
    (verify, "alice", "alice"),
    (verify, "al ice", "al%20ice"),
    (verify, "1001;ext=2", "1001;ext=2"),
    (verify, "a@b", "a%40b"),
    (verify, "müller", "m%C3%BCller"),
    (verify_without_password, "alice", "alice"),
    (verify_without_password, "", NOBODY),
    (verify_nobody, "alice", NOBODY),
    (sweep, "alice", "alice"),
    (sweep_of_several_rows, "alice", "alice"),
    (discovery_after_a_verification, "alice", "alice"),
    (check, "alice", "alice"),
    (check, "al ice", "al%20ice"),
    (check, "", NOBODY),
]


@pytest.mark.parametrize("windowed", [False, True])
@pytest.mark.parametrize(("ask", "user", "written"), WAYS)
async def test_every_request_is_from_the_account_where_there_is_one(
    udp_peer_factory: Callable[..., UdpPeer], ask: Ask, user: str, written: str, windowed: bool
) -> None:
    peer = udp_peer_factory(registrar)
    target = Target(HOST, peer.port, TransportName.UDP)
    async with Engine(EngineSettings(guard=LOOPBACK), windowed=windowed) as engine:
        await ask(engine, target, user)
    asked = [re.findall(rb"\r\nFrom: <sip:([^>]*)>", each.data) for each in peer.received]
    assert asked
    # An address-of-record has no port (RFC 3261 §10.2).
    assert {name for names in asked for name in names} == {f"{written}@{HOST}".encode()}
