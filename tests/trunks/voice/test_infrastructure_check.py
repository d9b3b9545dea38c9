"""Calls that LiveKit makes to two doors of ours: what they show, who is heard there, and that nothing is left."""

import asyncio
import socket
from collections.abc import Sequence

import pytest
from livekit.protocol.models import Room

from sipcheck.target import HostPort
from tests.peers.livekit.leg import Node
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.peers.ports import free_port
from trunks.rules.infrastructure_facts import Answer, Measurement
from trunks.voice.asked_calls import CallOrder
from trunks.voice.infrastructure_check import (
    CheckFound,
    Doors,
    check_infrastructure,
    clear_rooms,
    room_prefix,
)
from trunks.voice.livekit_calls import LiveKitCalls
from trunks.voice.provisioner import FailureCause, ProvisioningFailed

MARK = "installation"
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
ELSEWHERE, DEAF = Node(address="127.0.0.2"), Node(gets_out=False)


def calls_of(server: LiveKitServer, *, ring_seconds: float = 4.0) -> LiveKitCalls:
    return LiveKitCalls(server.url, API_KEY, API_SECRET, ring_seconds)


def doors() -> Doors:
    place = HostPort("127.0.0.1", free_port(in_a_row=2))
    return Doors(place, place)


async def check(server: LiveKitServer, *, ring_seconds: float = 4.0) -> CheckFound:
    calls = calls_of(server, ring_seconds=ring_seconds)
    try:
        return await check_infrastructure(calls, MARK, doors())
    finally:
        await calls.close()


def found(reaches: Answer, route: Answer | None, *addresses: str) -> Measurement:
    return Measurement(reaches, route, frozenset(addresses))


@pytest.mark.parametrize(
    ("nodes", "ring_seconds", "expected"),
    [
        ([Node()], 4.0, found(YES, YES, "127.0.0.1")),
        ([Node(heeds_route=False)], 4.0, found(YES, NO, "127.0.0.1")),
        ([DEAF], 0.3, found(NO, None)),
        ([Node(), ELSEWHERE], 4.0, found(YES, YES, "127.0.0.1", "127.0.0.2")),
    ],
    ids=["obeys", "ignores", "cannot-reach-us", "two-nodes"],
)
async def test_what_it_is_found_to_do(
    livekit_server: LiveKitServer, nodes: Sequence[Node], ring_seconds: float, expected: Measurement
) -> None:
    livekit_server.nodes = nodes
    result = await check(livekit_server, ring_seconds=ring_seconds)
    assert result.measurement == expected, result.said
    assert livekit_server.rooms == {}
    assert livekit_server.changes() == ["CreateSIPParticipant"] * 5 + ["DeleteRoom"]
    assert livekit_server.outbound == {}


async def test_nodes_that_differ_agree_on_nothing(livekit_server: LiveKitServer) -> None:
    """Of five calls at least two leave from each, whatever their order, so that no fact is a yes or no of all."""
    livekit_server.nodes = [Node(), Node(heeds_route=False), Node(gets_out=False)]
    result = await check(livekit_server, ring_seconds=1.5)
    assert result.measurement.reaches is UNKNOWN
    assert livekit_server.rooms == {}


class Dying(LiveKitCalls):
    """Does what its process did before it was killed: so many calls of the API, and then nothing any more."""

    left = 0

    async def call(self, order: CallOrder) -> str:
        self._live()
        return await LiveKitCalls.call(self, order)

    async def delete_room(self, name: str) -> None:
        self._live()
        await LiveKitCalls.delete_room(self, name)

    def _live(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ConnectionAbortedError


@pytest.mark.parametrize("lived", [0, 1, 3, 5])
async def test_whatever_a_killed_check_left_goes_at_the_next_start(
    livekit_server: LiveKitServer, lived: int
) -> None:
    livekit_server.rooms["a customer's"] = Room(name="a customer's")
    livekit_server.rooms[f"{room_prefix('another')}1"] = Room(name=f"{room_prefix('another')}1")
    before = set(livekit_server.rooms)
    dying = Dying(livekit_server.url, API_KEY, API_SECRET)
    dying.left = lived
    with pytest.raises(ConnectionAbortedError):
        await check_infrastructure(dying, MARK, doors())
    await dying.close()
    assert len(livekit_server.rooms) - len(before) == (1 if lived else 0)
    calls = calls_of(livekit_server)
    assert await clear_rooms(calls, MARK) == (1 if lived else 0)
    await calls.close()
    assert livekit_server.rooms.keys() == before


async def test_one_that_is_stopped_takes_its_room_away(livekit_server: LiveKitServer) -> None:
    livekit_server.nodes = [DEAF]
    running = asyncio.create_task(check(livekit_server, ring_seconds=8.0))
    await asyncio.to_thread(livekit_server.wait_for_call, "CreateSIPParticipant")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert "DeleteRoom" in livekit_server.changes()


async def test_a_livekit_that_is_away_is_told_so(livekit_server: LiveKitServer) -> None:
    livekit_server.stop()
    with pytest.raises(ProvisioningFailed) as failed:
        await check(livekit_server)
    assert failed.value.cause is FailureCause.DOWN


INVITE = (
    "INVITE sip:{user}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK1;rport\r\n"
    "From: <sip:a@b>;tag=1\r\nTo: <sip:{user}@127.0.0.1>\r\nCall-ID: {user}\r\nCSeq: 1 INVITE\r\n"
    "Content-Length: 0\r\n\r\n"
)
STRANGERS = {
    "another-user": INVITE.format(user="2025550100", port=9),
    "no-user": INVITE.format(user="x", port=9).replace("x@", ""),
    "options": INVITE.format(user="probe", port=9).replace("INVITE", "OPTIONS"),
    "register": INVITE.format(user="probe", port=9).replace("INVITE", "REGISTER"),
    "garbage": "\x00\xff\r\n\r\n",
    "a-response": "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "nothing": "",
}


async def test_a_door_answers_nobody_else_and_is_closed_behind(livekit_server: LiveKitServer) -> None:
    livekit_server.nodes = [DEAF]
    open_at = doors()
    calls = calls_of(livekit_server, ring_seconds=1.0)
    running = asyncio.create_task(check_infrastructure(calls, MARK, open_at))
    await asyncio.to_thread(livekit_server.wait_for_call, "CreateSIPParticipant")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.setblocking(False)
        for text in STRANGERS.values():
            for number in (0, 1):
                stranger.sendto(text.encode("latin-1"), ("127.0.0.1", (open_at.listen.port or 0) + number))
        result = await running
        await calls.close()
        with pytest.raises(BlockingIOError):
            stranger.recv(2000)
    assert result.measurement.reaches is NO
    for number in (0, 1):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
            again.bind(("127.0.0.1", (open_at.listen.port or 0) + number))
