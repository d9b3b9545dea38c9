"""One measurement: calls are asked for to two doors of ours, which are open only meanwhile; nothing is left behind."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from sipcheck.carrier.listening import CarrierUnusable, bind
from sipcheck.carrier.refusing_door import RefusingDoor
from sipcheck.target import HostPort
from trunks.errors import SettingsInvalid
from trunks.rules.infrastructure_facts import Arrival, AskedCall, Door, Measurement, measure
from trunks.voice.asked_calls import CallingInfrastructure, CallOrder

_PLAIN_CALLS, _ROUTED_CALLS = 2, 3
# The last INVITE may be on its way when the infrastructure has given up.
_LINGER_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Doors:
    """The first is bound at `listen` and found at `reach`; the second has the port after."""

    listen: HostPort
    reach: HostPort


@dataclass(frozen=True, slots=True)
class CheckFound:
    """What was found; `said` is what became of the calls, in the infrastructure's words."""

    measurement: Measurement
    said: tuple[str, ...]


def room_prefix(mark: str) -> str:
    """How the rooms of this installation's checks begin."""
    return f"trunkd-check-{mark}-"


async def clear_rooms(calls: CallingInfrastructure, mark: str) -> int:
    """Take away what a killed check left; give how many. Raises ProvisioningFailed."""
    left = await calls.rooms(room_prefix(mark))
    for name in left:
        await calls.delete_room(name)
    return len(left)


async def check_infrastructure(calls: CallingInfrastructure, mark: str, doors: Doors) -> CheckFound:
    """Ask for five calls at once, and see where they arrive.

    Raises ProvisioningFailed, and SettingsInvalid for a place that cannot be listened at.
    """
    check = secrets.token_hex(8)
    asked = [
        AskedCall(f"{check}{number}", routed=number >= _PLAIN_CALLS)
        for number in range(_PLAIN_CALLS + _ROUTED_CALLS)
    ]
    room = f"{room_prefix(mark)}{check}"
    async with _open(doors, asked) as opened:
        try:
            said = await _all_ended([calls.call(_order(each, room, doors)) for each in asked])
            await asyncio.sleep(_LINGER_SECONDS)
        finally:
            await calls.delete_room(room)
    arrivals = {Arrival(each.user, Door(each.door), each.source) for door in opened for each in door.heard}
    return CheckFound(measure(asked, arrivals), tuple(sorted(set(said))))


async def _all_ended(calls: Sequence[Coroutine[None, None, str]]) -> Sequence[str]:
    """Wait for all, also where one fails: one that goes on would make the room again."""
    ended = await asyncio.gather(*calls, return_exceptions=True)
    said = [each for each in ended if isinstance(each, str)]
    for each in ended:
        if isinstance(each, BaseException):
            raise each
    return said


def _order(call: AskedCall, room: str, doors: Doors) -> CallOrder:
    return CallOrder(call.user, room, doors.reach, _after(doors.reach) if call.routed else None)


def _after(place: HostPort) -> HostPort:
    return HostPort(place.host, (place.port or 0) + 1)


@asynccontextmanager
async def _open(doors: Doors, asked: Sequence[AskedCall]) -> AsyncIterator[Sequence[RefusingDoor]]:
    loop = asyncio.get_running_loop()
    users, tag = frozenset(each.user for each in asked), secrets.token_hex(8)
    opened = []
    async with AsyncExitStack() as stack:
        # What is closed lets go of its socket in the loop's next turn.
        stack.push_async_callback(asyncio.sleep, 0)
        for name, place in ((Door.FIRST, doors.listen), (Door.SECOND, _after(doors.listen))):
            transport, door = await loop.create_datagram_endpoint(
                partial(RefusingDoor, name.value, users, tag), sock=_bound(place)
            )
            stack.callback(transport.close)
            opened.append(door)
        yield opened


def _bound(place: HostPort) -> socket.socket:
    try:
        return bind(place.host, place.port or 0, socket.SOCK_DGRAM)
    except CarrierUnusable as fault:
        raise SettingsInvalid(f"The infrastructure cannot be listened for: {fault}") from fault
