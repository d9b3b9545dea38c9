"""Replies with something wrong in them, through the engine: always a verdict (docs/design/sip.md, requirement 25).

Many runs share a loop, each with a peer of its own; the peers speak asyncio, since a thread for each would be
slower than what they test.
"""

import asyncio
import json
import re
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from itertools import pairwise
from typing import cast

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sipcheck import (
    CredentialState,
    Engine,
    EngineSettings,
    Outcome,
    Reason,
    Report,
    TransportName,
    parse_target,
)
from sipcheck.report.json_export import report_to_json
from sipcheck.report.model import CheckName
from sipcheck.report.rulings import RULINGS
from tests.fuzzing import examples
from tests.peers.asyncio_server import serving
from tests.peers.sip_reply import reply_to, split_message
from tests.sipcheck.conftest import ALICE, LOOPBACK

CHALLENGE = (
    "WWW-Authenticate",
    'Digest realm="carrier.example", nonce="n", qop="auth", algorithm=SHA-256, opaque="o"',
)
TIMEOUT_SECONDS = 0.4
PIECES = [
    b"\r\n",
    b"\n",
    b"\r\n ",
    b"\r\n\r\n",
    b'"',
    b"\\",
    b",",
    b";",
    b"<",
    b"=",
    b":",
    b"%00",
    b"\0",
    b"\xff\xfe",
    b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n",
    b"Content-Length: 70000\r\n",
    b"Content-Length: -1\r\n",
    b"Retry-After: 99999999999999999999\r\n",
    b"SIP/2.0 503 Busy\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"stale=true",
    b"9" * 40,
    b"a" * 3000,
]


@dataclass(frozen=True, slots=True)
class Mutation:
    """What happens to a reply: a part of it goes, another comes, a third comes twice; `which` reply it is."""

    which: int  # 0: to OPTIONS, 1: the challenge, 2: after the credentials; all others: every reply
    at: int
    removed: int
    put: bytes
    doubled: int = 0
    cuts: tuple[int, ...] = ()
    closes: bool = False

    def apply(self, reply: bytes, kind: int) -> bytes:
        if self.which < 3 and self.which != kind:
            return reply
        start = self.at % len(reply)
        middle = reply[start : start + self.doubled]
        return reply[:start] + middle + self.put + reply[start + self.removed :]


MUTATIONS = st.builds(
    Mutation,
    which=st.integers(0, 3),
    at=st.integers(0, 5000),
    removed=st.integers(0, 60) | st.just(5000),
    put=st.sampled_from(PIECES) | st.binary(max_size=20) | st.just(b""),
    doubled=st.integers(0, 80),
    cuts=st.lists(st.integers(1, 400), max_size=4).map(lambda cuts: tuple(sorted(cuts))),
    closes=st.booleans(),
)


@dataclass(slots=True)
class Registrar:
    """Answers in three steps, each by its mutation, and keeps the requests that carried credentials."""

    mutation: Mutation
    authorized: list[bytes] = field(default_factory=list)

    def answer(self, request: bytes) -> bytes:
        if request.startswith(b"OPTIONS"):
            return self.mutation.apply(reply_to(request), 0)
        if b"\r\nAuthorization:" not in request:
            return self.mutation.apply(reply_to(request, 401, "Unauthorized", headers=[CHALLENGE]), 1)
        self.authorized.append(request)
        return self.mutation.apply(reply_to(request), 2)


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None:
            self._transport.sendto(self._registrar.answer(data), addr)


async def listen_by_udp(registrar: Registrar, stack: AsyncExitStack) -> int:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Datagrams(registrar), local_addr=("127.0.0.1", 0)
    )
    stack.enter_context(closing(transport))
    return int(transport.get_extra_info("sockname")[1])


async def listen_by_tcp(registrar: Registrar, stack: AsyncExitStack) -> int:
    """Answer in pieces, cut where the mutation says, each a write of its own."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        buffer = b""
        with closing(writer):
            while data := await reader.read(65536):
                buffer += data
                while (taken := split_message(buffer)) is not None:
                    request, buffer = taken
                    reply = registrar.answer(request)
                    edges = [0, *(cut for cut in registrar.mutation.cuts if cut < len(reply)), len(reply)]
                    for start, end in pairwise(edges):
                        writer.write(reply[start:end])
                        await asyncio.sleep(0)
                    if registrar.mutation.closes:
                        return

    return await stack.enter_async_context(serving(converse))


async def verify(engine: Engine, mutation: Mutation, transport: TransportName) -> tuple[Report, Registrar]:
    registrar = Registrar(mutation)
    listen = listen_by_udp if transport is TransportName.UDP else listen_by_tcp
    async with AsyncExitStack() as stack:
        port = await listen(registrar, stack)
        target = parse_target(f"127.0.0.1:{port}", transport=transport)
        report = await engine.verify(target, credentials=ALICE, timeout_seconds=TIMEOUT_SECONDS)
    return report, registrar


def judge(report: Report, registrar: Registrar) -> None:
    """What holds of every report, whatever came."""
    assert report.outcome in set(Outcome)
    ruling = RULINGS[report.reason]
    assert (report.outcome, report.party) == (ruling.outcome, ruling.party)
    assert [check.name for check in report.checks] == list(CheckName)
    assert report.reason in RULINGS
    written = json.dumps(report_to_json(report), ensure_ascii=False).encode()
    assert ALICE.password.encode() not in written
    # docs/design/sip.md, requirement 15: once, and once more for a stale nonce; a retransmission is the same bytes.
    assert len(set(registrar.authorized)) <= 2
    for request in registrar.authorized:
        response = re.search(rb'response="(\w+)"', request)
        assert response is not None
        assert response[1] not in written
    if report.reason is Reason.CREDENTIALS_PROVEN:
        assert registrar.authorized
        assert report.credentials is CredentialState.PROVEN


def run_all(mutations: list[Mutation], transport: TransportName) -> None:
    async def run() -> list[tuple[Report, Registrar]]:
        async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
            return await asyncio.gather(*(verify(engine, mutation, transport) for mutation in mutations))

    for report, registrar in asyncio.run(run()):
        judge(report, registrar)


UNCHANGED = Mutation(which=0, at=0, removed=0, put=b"")
MANY = settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(st.lists(MUTATIONS, min_size=12, max_size=24))
@example([UNCHANGED])
def test_over_udp(mutations: list[Mutation]) -> None:
    run_all(mutations, TransportName.UDP)


@MANY
@given(st.lists(MUTATIONS, min_size=12, max_size=24))
@example([UNCHANGED])
def test_over_tcp(mutations: list[Mutation]) -> None:
    run_all(mutations, TransportName.TCP)


def test_the_unchanged_replies_prove_the_credentials() -> None:
    """So that the tests above begin from a peer that works."""

    async def run(transport: TransportName) -> Reason:
        async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
            return (await verify(engine, UNCHANGED, transport))[0].reason

    for transport in (TransportName.UDP, TransportName.TCP):
        assert asyncio.run(run(transport)) is Reason.CREDENTIALS_PROVEN
