"""Queued rows whose lease or whose message was lost, in whichever table they wait."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.provision import Provision
from trunks.models.verification import Verification

Queued = TypeVar("Queued", Verification, Provision)


def lease_over(
    session: Session, model: type[Queued], running: ColumnElement[bool], now: datetime, *, limit: int
) -> Sequence[Queued]:
    """List running rows whose lease is over, the longest first, locked."""
    over = select(model).where(running, model.is_free(now)).order_by(model.lease_until)
    return session.scalars(over.limit(limit).with_for_update(skip_locked=True)).all()


def message_lost(
    session: Session, model: type[Queued], due: ColumnElement[bool], now: datetime, *, limit: int
) -> Sequence[Queued]:
    """List due rows that nobody claimed since their message was sent, the longest first, locked."""
    lost = select(model).where(due, model.notify_at <= now).order_by(model.notify_at)
    return session.scalars(lost.limit(limit).with_for_update(skip_locked=True)).all()
