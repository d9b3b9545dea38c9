"""What a run that is under way has sent and received so far: written by its worker, read by whoever watches.

The store is where web processes and workers meet whatever the broker, and where a page that is loaded anew finds it
(docs/decisions/0027-a-ladder-grows-in-the-store.md).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sipcheck.report.model import Direction, TraceStep
from trunks.clock import Clock
from trunks.repositories.live_ladders import LiveLadders as LadderRows
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller

_LONGEST_LINE = 200
_AUTHORIZATIONS = ("authorization:", "proxy-authorization:")


@dataclass(frozen=True, slots=True)
class LiveStep:
    """A line of the ladder of one gateway; `proves` says that the request carried the password's proof."""

    gateway: str
    at: datetime
    direction: Direction
    line: str
    proves: bool = False

    @classmethod
    def of(cls, gateway: str, at: datetime, step: TraceStep) -> "LiveStep":
        line, proves = line_of(step)
        return cls(gateway, at, step.direction, line[:_LONGEST_LINE], proves)


def line_of(step: TraceStep) -> tuple[str, bool]:
    """Say a step in a line, and whether it carries the password's proof."""
    if step.direction is Direction.EVENT:
        return step.text, False
    lines = step.text.split("\n")
    first = lines[0]
    if first.startswith("SIP/2.0 "):
        method = next((line.split()[-1] for line in lines if line.lower().startswith("cseq:")), "")
        return f"{first.removeprefix('SIP/2.0 ')} ({method})", False
    proves = any(line.lower().startswith(_AUTHORIZATIONS) for line in lines)
    return first.removesuffix(" SIP/2.0"), proves


@dataclass(frozen=True, slots=True)
class LiveLadders:
    """`written` are whole ladders, in place of what stood there."""

    database: Database
    clock: Clock

    def write(self, written: Mapping[UUID, Sequence[LiveStep]], ended: Collection[UUID]) -> None:
        """Write ladders that have grown, and take away those of runs that are over. Raises StoreUnavailable."""
        with self.database.write() as session:
            rows = LadderRows(session)
            rows.remove(ended)
            rows.write(
                {run: [_stored(step) for step in steps] for run, steps in written.items()}, self.clock()
            )

    def of(self, caller: Caller, verification_id: UUID) -> Sequence[LiveStep]:
        """Give what is known of a run of one's own that is under way."""
        with self.database.read() as session:
            found = LadderRows(session).of(caller.environment_id, verification_id)
        return [_read(each) for each in found]


def _stored(step: LiveStep) -> list[Any]:
    return [step.gateway, step.at.isoformat(), step.direction.value, step.line, step.proves]


def _read(stored: Sequence[Any]) -> LiveStep:
    gateway, at, direction, line, proves = stored
    return LiveStep(gateway, datetime.fromisoformat(at), Direction(direction), line, proves)
