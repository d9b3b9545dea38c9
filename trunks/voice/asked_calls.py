"""Calls that the infrastructure is asked for, to doors of ours, so that it shows what it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sipcheck.target import HostPort


@dataclass(frozen=True, slots=True)
class CallOrder:
    """A call to a user at a place, in a room; with a Route to another."""

    user: str
    room: str
    place: HostPort
    route: HostPort | None = None


class CallingInfrastructure(Protocol):
    """Each call of it is bounded in time and raises ProvisioningFailed."""

    async def call(self, order: CallOrder) -> str:
        """Call, and give what became of it, in the infrastructure's words: nobody takes it."""

    async def rooms(self, prefix: str) -> Sequence[str]:
        """Name the rooms whose names begin so."""

    async def delete_room(self, name: str) -> None:
        """Take a room away, with its calls; one that is gone already is no fault."""

    async def close(self) -> None:
        """Give the connections back."""
