"""What exists for a trunk on the voice infrastructure, and who works on it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, Double, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base, named, partial_index
from trunks.models.lease import Leased
from trunks.voice.provisioner import LASTING, FailureCause, ProvisionerName


class ProvisionStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"


class ProvisionState(StrEnum):
    """What the last turn came to."""

    ABSENT = "absent"
    PROVISIONED = "provisioned"
    FAILED = "failed"


class ProvisionOccasion(StrEnum):
    """Why it is worked on: what a person asked for goes at once, the others at the infrastructure's pace, in this
    order, which is that of their letters.
    """

    ASKED = "asked"
    # What leads calls where none may go, or sends what was rejected.
    GUARD = "guard"
    # Calls leave by another way.
    MOVE = "move"
    RECONCILIATION = "reconciliation"

    def beside(self, other: "ProvisionOccasion") -> "ProvisionOccasion":
        """Give the more urgent of two."""
        return min(self, other)


_QUEUED = text("status = 'queued'")
# Written in questions as it is here: SQLite takes a partial index for the same words alone.
PACED = text("status = 'queued' AND occasion <> 'asked'")
_RUNNING = text("status = 'running'")


class Provision(Leased, Base):
    """One for a trunk; `trunk_id` refers to nothing, since the sides are taken away after the trunk is gone.

    What the sides are to be is not here: it is worked out from the trunk, its profile and its numbers, and nothing
    is to be where the trunk is gone or switched off by the customer. `revision` counts the requests: what was done for
    an older one is followed by another turn. `generation` is the trunk's when the sides were last right. `keeps_former`
    marks sides that a former version made: what that did not write stays as it is until the trunk is edited.
    """

    __tablename__ = "provisions"
    __table_args__ = (
        partial_index("ix_provisions_notify_at", "notify_at", where=_QUEUED),
        partial_index("ix_provisions_lease_until", "lease_until", where=_RUNNING),
        partial_index("ix_provisions_paced", "occasion", "notify_at", where=PACED),
    )

    trunk_id: Mapped[UUID] = mapped_column(unique=True)
    provisioner: Mapped[ProvisionerName] = mapped_column(named(ProvisionerName))
    status: Mapped[ProvisionStatus] = mapped_column(named(ProvisionStatus))
    revision: Mapped[int]
    requested_at: Mapped[datetime]
    notify_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    state: Mapped[ProvisionState] = mapped_column(named(ProvisionState))
    generation: Mapped[int | None]
    inbound_id: Mapped[str | None] = mapped_column(String(255))
    outbound_id: Mapped[str | None] = mapped_column(String(255))
    # What stands was written for this request, which the store does not know of: nothing is changed until an operator
    # has looked, however many requests come meanwhile.
    newer_revision: Mapped[int | None]
    cause: Mapped[FailureCause | None] = mapped_column(named(FailureCause))
    error: Mapped[str | None] = mapped_column(String(2000))
    # Until then whoever edited the trunk waits for this, and takes the edit back where it fails.
    followed_until: Mapped[datetime | None]
    keeps_former: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Another way of calls was found while provisioning is paused: the side stands otherwise until it goes on.
    way_waits: Mapped[bool] = mapped_column(default=False, server_default=false())
    # The allow-list was written without prefixes, and stays so until the trunk is edited.
    plain_list: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Of what is queued, or was done last.
    occasion: Mapped[ProvisionOccasion] = mapped_column(
        named(ProvisionOccasion),
        default=ProvisionOccasion.ASKED,
        server_default=ProvisionOccasion.ASKED.value,
    )

    @property
    def settled(self) -> bool:
        """Whether no worker has anything to do for it."""
        return self.status is ProvisionStatus.DONE

    @property
    def refused(self) -> str | None:
        """What to tell where it failed, and would fail again."""
        return self.error if self.settled and self.cause in LASTING else None

    @property
    def succeeded(self) -> bool:
        return self.settled and self.state is not ProvisionState.FAILED


class Infrastructure(Leased, Base):
    """A voice infrastructure that this installation provisions; its id is our mark on what we made there.

    The lease is of the worker that reconciles it now. `findings` counts what reconciliations found, since the first.
    `keeps_media` is whether it kept the media of what was written last; None while that is not known. While it is
    `paused`, nothing is written there but what a customer asks for. `writes_left`, `writes_kept` and `refilled_at` are
    the pace of all other writes (trunks.rules.write_pace); null before the first. `lie_began_at` and `lie_seen_at` are
    of what looked like a lie of our resolver (trunks.rules.resolver_lie).
    """

    __tablename__ = "infrastructures"

    provisioner: Mapped[ProvisionerName] = mapped_column(named(ProvisionerName), unique=True)
    reconciled_at: Mapped[datetime | None]
    findings: Mapped[dict[str, int]] = mapped_column(JSON)
    keeps_media: Mapped[bool | None]
    paused: Mapped[bool] = mapped_column(default=False, server_default=false())
    writes_left: Mapped[float | None] = mapped_column(Double)
    writes_kept: Mapped[float | None] = mapped_column(Double)
    refilled_at: Mapped[datetime | None]
    lie_began_at: Mapped[datetime | None]
    lie_seen_at: Mapped[datetime | None]
