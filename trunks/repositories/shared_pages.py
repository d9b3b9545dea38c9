"""Links to the pages of runs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, delete, select
from sqlalchemy.orm import undefer

from trunks.models.shared_page import SharedPage
from trunks.models.verification import Verification
from trunks.repositories.repository import Repository


class SharedPages(Repository):
    def add(self, page: SharedPage) -> None:
        self._session.add(page)

    def of(self, verification_id: UUID, page_id: UUID) -> SharedPage | None:
        """Look a run's link up."""
        return self._session.scalar(
            select(SharedPage).where(SharedPage.id == page_id, SharedPage.verification_id == verification_id)
        )

    def standing(self, verification_id: UUID, now: datetime) -> Sequence[SharedPage]:
        """List those of a run that have not expired, newest first."""
        return self._session.scalars(
            select(SharedPage)
            .where(SharedPage.verification_id == verification_id, SharedPage.expires_at > now)
            .order_by(SharedPage.id.desc())
        ).all()

    def remove(self, verification_id: UUID, page_id: UUID) -> bool:
        """Take a link back; false when the run has no such one."""
        removed = self._session.execute(
            delete(SharedPage)
            .where(SharedPage.id == page_id, SharedPage.verification_id == verification_id)
            .returning(SharedPage.id)
        )
        return removed.first() is not None

    def opened(self, token_hash: str, now: datetime) -> Row[SharedPage, Verification] | None:
        """Find what a token opens at this moment, the run with its report."""
        return self._session.execute(
            select(SharedPage, Verification)
            .join(Verification, Verification.id == SharedPage.verification_id)
            .where(SharedPage.token_hash == token_hash, SharedPage.expires_at > now)
            .options(undefer(Verification.report))
        ).first()
