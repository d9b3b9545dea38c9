"""When the certificates of destinations end: of some, counted by span, and those that are to be told of."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, null, select, update
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.destination_health import DestinationHealth
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.among import among
from trunks.repositories.repository import Repository
from trunks.rules.certificate_book import CertificateBook, book_of_one_end, read_book, write_book
from trunks.rules.certificates import NOTICE_DAYS, SPAN_NAMES, SPANS


class CertificateEnds(Repository):
    def of(self, destination_ids: Collection[UUID]) -> dict[UUID, datetime]:
        """When the first certificate of each of these ends, where one was seen."""
        rows = self._session.execute(
            select(DestinationHealth.destination_id, DestinationHealth.certificate_expires_at).where(
                among(self._session, DestinationHealth.destination_id, destination_ids),
                DestinationHealth.certificate_expires_at.is_not(None),
            )
        )
        return {each: at for each, at in rows if at is not None}

    def books(self, destination_ids: Collection[UUID], now: datetime) -> dict[UUID, CertificateBook]:
        """What is known of each of these by edge, which their caller keeps."""
        row = DestinationHealth
        found = self._session.execute(
            select(
                row.destination_id,
                row.certificate_ends,
                row.certificate_expires_at,
                row.certificate_told_days,
            ).where(among(self._session, row.destination_id, destination_ids))
        )
        return {each: _book(kept, end, days, now) for each, kept, end, days in found}

    def by_span(self, now: datetime) -> dict[str, int]:
        """Count destinations that are checked by the span in which the first of their certificates ends."""
        span = _by_days(now, SPANS).label("within")
        rows = self._session.execute(
            select(span, func.count())
            .where(
                DestinationHealth.certificate_expires_at.is_not(None),
                DestinationHealth.next_check_at.is_not(None),
            )
            .group_by("within")
        )
        found = {name: count for name, count in rows}  # noqa: C416 - rows are no pairs to mypy
        return {name: found.get(name, 0) for name in SPAN_NAMES}

    def changed(self, now: datetime, *, limit: int) -> Sequence[tuple[DestinationHealth, int | None]]:
        """Those whose notice that has come last is another than the one that was given, locked, with its days."""
        rows = self._session.execute(
            select(DestinationHealth, _notice(now))
            .where(
                DestinationHealth.certificate_expires_at.is_not(None),
                DestinationHealth.certificate_told_days.is_distinct_from(_notice(now)),
            )
            .order_by(DestinationHealth.certificate_expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=DestinationHealth)
        )
        return [(row, days) for row, days in rows]

    def is_new(self, row: DestinationHealth, days: int | None, now: datetime) -> bool:
        """Whether a notice has come, and note that it is given; of a renewed certificate none has, or an earlier one
        than was given. An end that others hid for a time is the same when it is seen again.
        """
        end, told = row.certificate_expires_at, row.certificate_told_days
        if end is None or days is None or (told is not None and days >= told):
            return False
        book = _book(row.certificate_ends, end, told, now)
        if book.is_told(end, days):
            return False
        row.certificate_ends = write_book(book.with_told(end, days))
        return True

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


def _book(
    kept: Mapping[str, Any] | None, end: datetime | None, told_days: int | None, now: datetime
) -> CertificateBook:
    return book_of_one_end(end, told_days, now) if kept is None else read_book(kept)


def _notice(now: datetime) -> ColumnElement[int | None]:
    """The days of the notice that has come last; null while none has."""
    return _by_days(now, [(days, days) for days in sorted(NOTICE_DAYS)])


def _by_days(now: datetime, spans: Sequence[tuple[int | None, Any]]) -> ColumnElement[Any]:
    """The name of the first span whose days a certificate's end is not beyond, as the rule has them."""
    ends = DestinationHealth.certificate_expires_at
    rest = next((name for days, name in spans if days is None), None)
    return case(
        *((ends <= now + timedelta(days=days), name) for days, name in spans if days is not None),
        else_=null() if rest is None else rest,
    )
