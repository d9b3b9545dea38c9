"""What was found last of the ways to destinations, and those whose trunks are to be led anew."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from trunks.models.way_finding import WayFindingRow
from trunks.repositories.among import among
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository
from trunks.repositories.watched_finding import (
    WatchedFinding,
    read_finding,
    read_watch,
    write_finding,
    write_watch,
)
from trunks.rules.way_evidence import Dialled, WayFinding

_LEASE = timedelta(minutes=1)


class WayFindings(Repository):
    """Written under the locks of trunks that lead there, or under the row's lease."""

    def keep(self, found: Mapping[UUID, WayFinding], now: datetime) -> None:
        """Keep what was found at these destinations, where it is other than what is known."""
        known = self.watched(found.keys())
        for destination_id, finding in sorted(found.items()):
            before = known.get(destination_id)
            if before is not None:
                finding = before.with_report(finding, now)
            if before is not None and before.forbidden_since is None and before.found == finding:
                continue
            # What a report found alive is clean: the guard let it go, and it says itself where calls would go.
            values = {
                "found": write_finding(finding),
                "found_at": now,
                "forbidden_since": None,
                "is_parked": False,
            }
            if destination_id in known:
                self._session.execute(
                    update(WayFindingRow)
                    .where(WayFindingRow.destination_id == destination_id)
                    .values(**values)
                    .execution_options(synchronize_session=False)
                )
            else:
                first = {"destination_id": destination_id, "stale_since": None, "watch": None, **values}
                insert_or_ignore(self._session, WayFindingRow, first, unique=["destination_id"])

    def make_stale(self, destination_ids: Collection[UUID], now: datetime) -> None:
        """Let the trunks at these destinations be led anew: something else is known of them."""
        for destination_id in sorted(destination_ids):
            self._session.execute(
                update(WayFindingRow)
                .where(WayFindingRow.destination_id == destination_id)
                .values(stale_since=now)
                .execution_options(synchronize_session=False)
            )

    def make_all_stale(self, now: datetime) -> None:
        """Let all trunks be led anew: the infrastructure is known to do otherwise."""
        self._session.execute(
            update(WayFindingRow).values(stale_since=now).execution_options(synchronize_session=False)
        )

    def of(self, destination_ids: Collection[UUID]) -> Mapping[UUID, WayFinding]:
        """Give what is known of these, with what checks say of it laid over what reports found."""
        return {destination_id: each.whole for destination_id, each in self.watched(destination_ids).items()}

    def watched(
        self, destination_ids: Collection[UUID], *, lock: bool = False
    ) -> Mapping[UUID, WatchedFinding]:
        """Give what checks say of these destinations, those that are known."""
        if not destination_ids:
            return {}
        query = (
            select(
                WayFindingRow.destination_id,
                WayFindingRow.watch,
                WayFindingRow.forbidden_since,
                WayFindingRow.is_parked,
                WayFindingRow.found,
                WayFindingRow.found_at,
            )
            .where(among(self._session, WayFindingRow.destination_id, destination_ids))
            .order_by(WayFindingRow.destination_id)
        )
        return {
            row.destination_id: WatchedFinding(
                destination_id=row.destination_id,
                watch=read_watch(row.watch),
                forbidden_since=row.forbidden_since,
                is_parked=row.is_parked,
                found=read_finding(row.found),
                found_at=row.found_at,
            )
            for row in self._session.execute(query.with_for_update() if lock else query)
        }

    def write_watch(self, each: WatchedFinding) -> None:
        """Write what a check saw, or what was confirmed of it, under the row's lock."""
        self._change(
            WayFindingRow,
            WayFindingRow.destination_id == each.destination_id,
            watch=write_watch(each.watch),
            found=write_finding(each.found),
            forbidden_since=each.forbidden_since,
            is_parked=each.is_parked,
        )

    def forbid(self, destination_ids: Collection[UUID], now: datetime) -> None:
        """Note that these were found to lead where no call may go."""
        self.begin(destination_ids, now)
        for destination_id in sorted(destination_ids):
            self._change(
                WayFindingRow,
                WayFindingRow.destination_id == destination_id,
                WayFindingRow.forbidden_since.is_(None),
                forbidden_since=now,
            )

    def suspect(
        self, destination_id: UUID, dialled: Dialled | None, now: datetime, *, is_forbidden: bool
    ) -> None:
        """Note what was seen of a name before its first run; it is confirmed as what checks see is."""
        if is_forbidden:
            self.forbid([destination_id], now)
        elif dialled is not None:
            self.begin([destination_id], now)
            for each in self.watched([destination_id], lock=True).values():
                self.write_watch(each.dialled_now(dialled, now))

    def begin(self, destination_ids: Collection[UUID], now: datetime) -> None:
        """Have rows of these, of which nothing may be known yet."""
        for destination_id in sorted(destination_ids):
            first = {
                "destination_id": destination_id,
                "found": write_finding(WayFinding()),
                "found_at": now,
                "stale_since": None,
                "watch": None,
                "forbidden_since": None,
                "is_parked": False,
            }
            insert_or_ignore(self._session, WayFindingRow, first, unique=["destination_id"])

    def forbidden(self) -> Mapping[UUID, datetime]:
        """Give those that are suspected to lead where no call may go and are not parked yet, and since when."""
        rows = self._session.execute(
            select(WayFindingRow.destination_id, WayFindingRow.forbidden_since).where(
                WayFindingRow.forbidden_since.is_not(None), WayFindingRow.is_parked.is_(False)
            )
        )
        return {destination_id: since for destination_id, since in rows if since is not None}

    def confirm(self, destination_ids: Collection[UUID]) -> set[UUID]:
        """Take for true what is still suspected of these; give those."""
        suspected = [
            each
            for each in self.watched(destination_ids, lock=True).values()
            if each.forbidden_since is not None and not each.is_parked
        ]
        for each in suspected:
            self.write_watch(each.confirmed())
        return {each.destination_id for each in suspected}

    def any_stale(self, now: datetime) -> bool:
        return self._exists(WayFindingRow.stale_since.is_not(None), WayFindingRow.is_free(now))

    def claim_stale(self, claim_id: UUID, now: datetime) -> tuple[UUID, datetime] | None:
        """Take a destination whose trunks are to be led anew, with since when it is stale."""
        row = self._session.scalar(
            select(WayFindingRow)
            .where(WayFindingRow.stale_since.is_not(None), WayFindingRow.is_free(now))
            .order_by(WayFindingRow.stale_since)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None or row.stale_since is None:
            return None
        row.claim(claim_id, now + _LEASE)
        return row.destination_id, row.stale_since

    def renew(self, destination_id: UUID, claim_id: UUID, now: datetime) -> bool:
        """Keep it for longer; false where another has it."""
        return self._change(
            WayFindingRow,
            WayFindingRow.destination_id == destination_id,
            WayFindingRow.claim_id == claim_id,
            lease_until=now + _LEASE,
        )

    def end(self, destination_id: UUID, claim_id: UUID, since: datetime) -> None:
        """Give it back: done, unless something else became known meanwhile."""
        ours = (WayFindingRow.destination_id == destination_id, WayFindingRow.claim_id == claim_id)
        self._change(WayFindingRow, *ours, WayFindingRow.stale_since == since, stale_since=None)
        self._change(WayFindingRow, *ours, claim_id=None, lease_until=None)
