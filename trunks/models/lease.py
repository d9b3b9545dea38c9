"""The columns of a lease: how one worker at a time has a row, and how a lost worker gives it back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.orm import Mapped
from sqlalchemy.sql.elements import BindParameter, ColumnElement


class Leased:
    """A row that belongs to whoever knows `claim_id`, until `lease_until`; from that moment on it is anyone's.

    Every write of its holder names the claim, so that one whose lease was over, and whose row another has, changes
    nothing.
    """

    claim_id: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]

    def claim(self, claim_id: UUID, lease_until: datetime) -> None:
        self.claim_id, self.lease_until = claim_id, lease_until

    def release(self) -> None:
        self.claim_id = self.lease_until = None

    def is_claimed(self, now: datetime) -> bool:
        """Whether somebody has it."""
        return self.lease_until is not None and self.lease_until > now

    @classmethod
    def is_free(cls, now: "datetime | BindParameter[datetime]") -> ColumnElement[bool]:
        """The same of a row that is selected, the other way round."""
        return or_(cls.lease_until.is_(None), cls.lease_until <= now)
