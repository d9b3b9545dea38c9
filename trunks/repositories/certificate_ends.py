"""Destinations whose certificates end within the next notice, and their trunks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, select, update
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.destination_health import DestinationHealth
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.among import among
from trunks.repositories.repository import Repository
from trunks.rules.certificates import NOTICE_DAYS


class CertificateEnds(Repository):
    def changed(self, now: datetime, *, limit: int) -> Sequence[DestinationHealth]:
        """Those whose notice that has come last is another than the one that was given, locked."""
        return self._session.scalars(
            select(DestinationHealth)
            .where(
                DestinationHealth.certificate_expires_at.is_not(None),
                DestinationHealth.certificate_told_days.is_distinct_from(_notice(now)),
            )
            .order_by(DestinationHealth.certificate_expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def trunks(self, destination_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Trunk]]:
        """Find the entered trunks that lead to these destinations, and let nobody else write to them."""
        rows = self._session.execute(
            select(Gateway.destination_id, Trunk)
            .join(Trunk, Trunk.id == Gateway.trunk_id)
            .where(among(self._session, Gateway.destination_id, destination_ids), Trunk.is_draft.is_(False))
            .order_by(Trunk.id)
            .with_for_update(key_share=True, of=Trunk)
        )
        found: dict[UUID, list[Trunk]] = {each: [] for each in destination_ids}
        for destination_id, trunk in rows:
            if trunk not in found[destination_id]:
                found[destination_id].append(trunk)
        return found

    def told(self, destination_ids: Collection[UUID], now: datetime) -> None:
        """Note the notices that have come last."""
        self._session.execute(
            update(DestinationHealth)
            .where(among(self._session, DestinationHealth.destination_id, destination_ids))
            .values(certificate_told_days=_notice(now))
            .execution_options(synchronize_session=False)
        )


def _notice(now: datetime) -> ColumnElement[int | None]:
    """trunks.rules.certificates.notice_due, as the store reckons it."""
    ends = DestinationHealth.certificate_expires_at
    return case(*((ends <= now + timedelta(days=days), days) for days in sorted(NOTICE_DAYS)), else_=None)
