"""A destination's liveness: when it is asked next, by whom, and what came of it last."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from sipcheck.reasons import Reason
from trunks.models.base import Base, named, partial_index
from trunks.models.lease import Leased

# Most destinations are scheduled, few of them are held, fallen or asked for.
_SCHEDULED = text("next_check_at IS NOT NULL")
_ASKED = text("asked_at IS NOT NULL")
_FALLEN = text("fell_at IS NOT NULL")
_EDGE_FALLEN = text("edge_fell_at IS NOT NULL")
_CERTIFIED = text("certificate_expires_at IS NOT NULL")
_LATE = text("due_since IS NOT NULL")


SERVER_CHARACTERS = 255


class DestinationHealth(Leased, Base):
    """Due at `next_check_at`, which is null before the first living answer and after the last trunk has gone.

    The lease is of cycle number `cycle`. `due_since` is when a check was due that was put off since. `asked_at` asks
    for one result that counts towards no threshold. `alive` to `checked_at` are the latest result, a verification's
    too; `failures` to `address` are of scheduled checks alone: failed ones in a row, how many of these the breaker
    holds back, since when. Since `edge_fell_at` the edge in use at `edge_fell_address` is silent, though another
    answers; the breaker holds back so many checks of it, `edge_held_failures`.
    `domain` is the destination's, for the pace of a Request-URI host; `edge_addresses` are those that it led to last,
    with spaces between them. `facts` are the telling headers of the last answer that was read in full, at `facts_at`,
    and `facts_status` its status. `answer_status` is the last check's, null after a silence, and `answer_server` the
    last Server that was read; at `changed_at` one of them was another, or an answer came after a silence.
    `certificate_expires_at` is when the first of the certificates ends that its edges showed last; `certificate_ends`
    is that by edge, with the notices that were given (trunks.rules.certificate_book), null until a report of this
    version came.
    `good` is what its last answer showed of DNS and certificate (trunks.rules.destination_facts), and `first_failure`
    what was otherwise when it fell last (trunks.rules.what_changed).
    """

    __tablename__ = "destination_health"
    __table_args__ = (
        partial_index("ix_destination_health_next_check_at", "next_check_at", where=_SCHEDULED),
        partial_index("ix_destination_health_asked_at", "asked_at", where=_ASKED),
        partial_index("ix_destination_health_fell_at", "fell_at", where=_FALLEN),
        partial_index("ix_destination_health_edge_fell_at", "edge_fell_at", where=_EDGE_FALLEN),
        partial_index("ix_destination_health_due_since", "due_since", where=_LATE),
        partial_index(
            "ix_destination_health_certificate_expires_at", "certificate_expires_at", where=_CERTIFIED
        ),
        # Not with `claimed_at`, which each claim changes: it would be written to every index.
        Index("ix_destination_health_domain", "domain"),
    )

    destination_id: Mapped[UUID] = mapped_column(
        ForeignKey("destinations.id", ondelete="CASCADE"), unique=True
    )
    domain: Mapped[str] = mapped_column(String(255))
    interval_seconds: Mapped[float]
    next_check_at: Mapped[datetime | None]
    due_since: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]

    cycle: Mapped[int]
    claimed_at: Mapped[datetime | None]

    alive: Mapped[bool | None]
    some_dead: Mapped[bool]
    reason: Mapped[Reason | None] = mapped_column(named(Reason))
    sip_status: Mapped[int | None]
    latency_ms: Mapped[float | None]
    checked_at: Mapped[datetime | None]
    options_ignored: Mapped[bool]

    answer_status: Mapped[int | None]
    answer_server: Mapped[str | None] = mapped_column(String(SERVER_CHARACTERS))
    changed_at: Mapped[datetime | None]

    failures: Mapped[int]
    held_failures: Mapped[int]
    fell_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    address: Mapped[str | None] = mapped_column(String(64))
    edge_fell_at: Mapped[datetime | None]
    edge_fell_address: Mapped[str | None] = mapped_column(String(64))
    edge_held_failures: Mapped[int]

    facts: Mapped[dict[str, Any] | None]
    facts_status: Mapped[int | None]
    facts_at: Mapped[datetime | None]
    edge_addresses: Mapped[str | None] = mapped_column(String(400))
    good: Mapped[dict[str, Any] | None]
    first_failure: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    certificate_expires_at: Mapped[datetime | None]
    # The last notice that was given of this end.
    certificate_told_days: Mapped[int | None]
    certificate_ends: Mapped[dict[str, Any] | None]
