"""Rows whose lease was lost, in whichever table they wait."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.provision import Provision
from trunks.models.verification import Verification

Leased = TypeVar("Leased", Verification, Provision)


def lease_over(
    session: Session, model: type[Leased], running: ColumnElement[bool], now: datetime, *, limit: int
) -> Sequence[Leased]:
    """List running rows whose lease is over, the longest first, locked."""
    over = select(model).where(running, model.is_free(now)).order_by(model.lease_until)
    return session.scalars(over.limit(limit).with_for_update(skip_locked=True)).all()
