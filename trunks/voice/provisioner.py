"""What a voice infrastructure has to be able to do, and how it says that it cannot."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from sipcheck.diagnosis.inbound.standing import Standing
from trunks.errors import TrunksError
from trunks.voice.sides import ExistingSide, SideContent, SideOwner


class ProvisionerName(StrEnum):
    NONE = "none"
    LIVEKIT = "livekit"


class FailureCause(StrEnum):
    """Why provisioning failed: the first four are the infrastructure's state, the others what was asked of it.

    NO_WAY: what was asked for is right, and no call of the infrastructure's could be made that way.
    """

    DOWN = "down"
    SLOW = "slow"
    KEY_REFUSED = "key-refused"
    NONSENSE = "nonsense"
    CONFLICT = "conflict"
    REFUSED = "refused"
    UNFIT = "unfit"
    OURS = "ours"
    NO_WAY = "no-way"


# Nothing changes about these by trying again: what was asked for has to be another, or something given up elsewhere.
LASTING = frozenset({FailureCause.CONFLICT, FailureCause.UNFIT})

_OUR_SIDE = "Something is wrong on this platform's side; whoever runs it finds it in the log."
_TOLD = {
    FailureCause.DOWN: "The voice infrastructure of this platform did not answer.",
    FailureCause.SLOW: "The voice infrastructure of this platform did not get it done in time.",
    FailureCause.KEY_REFUSED: _OUR_SIDE,
    FailureCause.NONSENSE: _OUR_SIDE,
    FailureCause.CONFLICT: "A number of this trunk is in use on this platform already; use another number, or ask "
    "whoever runs it.",
    FailureCause.REFUSED: "The voice infrastructure of this platform did not take the trunk as it is configured.",
    FailureCause.OURS: _OUR_SIDE,
}


def told_of(number: str) -> str:
    """What to tell of a number that is taken: whose it is stays with whoever runs the platform."""
    return (
        f"The number {number} is in use on this platform already; use another number, or ask whoever runs it."
    )


class ProvisioningFailed(TrunksError):
    """The voice infrastructure could not be brought to what is wanted.

    The message is for whoever runs it, and names addresses, and ids that may be of other tenants' trunks. `told` is for
    the customer: what is UNFIT is so by his own configuration, and is told as it is.
    """

    def __init__(self, cause: FailureCause, message: str, told: str | None = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.told = told or _TOLD.get(cause, message)


class NumberHeld(ProvisioningFailed):
    """A number is on the inbound side of another trunk here, which may be about to give it up."""

    def __init__(self, message: str, *, number: str, holder: UUID) -> None:
        super().__init__(FailureCause.CONFLICT, message, told_of(number))
        self.number = number
        self.holder = holder


class StoreBehind(ProvisioningFailed):
    """A side was written for a later request than this store knows of, as beside a restored backup."""

    def __init__(self, revision: int) -> None:
        self.revision = revision
        super().__init__(
            FailureCause.OURS,
            "What stands on the voice infrastructure is newer than this service knows; its operator has to look.",
        )


class Provisioner(Protocol):
    """Works on one side at a time; each call is bounded in time and raises ProvisioningFailed."""

    @property
    def keeps_media(self) -> bool | None:
        """Whether the last side that was written kept its media; None before the first."""

    async def find(self, *, ids: Collection[str], numbers: Collection[str]) -> Sequence[ExistingSide]:
        """Read back the sides of these ids and those that carry one of these numbers, whoever made them."""

    async def read_all(self) -> Sequence[ExistingSide]:
        """Read back every side there is, whoever made it."""

    async def standing(self, *, ids: Collection[str] | None, called: str) -> Standing:
        """Read what decides about a call to a number: all rules, all sides that may take it, and those of these ids.

        None for all inbound sides there are.
        """

    async def create(self, owner: SideOwner, content: SideContent) -> str:
        """Make a side, marked as ours and its owner's, and give its id."""

    async def update(self, side_id: str, owner: SideOwner, content: SideContent) -> None:
        """Change a side in place; its id stays."""

    async def delete(self, side_id: str) -> None:
        """Take a side away; one that is gone already is no fault."""

    async def close(self) -> None:
        """Give the connections back."""
