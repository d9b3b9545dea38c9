"""What was found last of the ways to destinations, and those whose trunks are to be led anew."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from sipcheck.target import TransportName
from trunks.models.way_finding import WayFindingRow
from trunks.repositories.among import among
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository
from trunks.rules.edge_watch import EdgeWatch, WatchedEdge, watched
from trunks.rules.way_evidence import Dialled, WayEdge, WayFinding

_LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedFinding:
    """What checks say of a destination. `raw` is what a report found, as it is stored."""

    destination_id: UUID
    watch: EdgeWatch
    forbidden_since: datetime | None
    is_parked: bool
    raw: Mapping[str, Any] = field(compare=False, repr=False)

    def living(self) -> frozenset[str]:
        """Name the edges that the last report found alive."""
        return frozenset(edge.name for edge in _read(self.raw).edges if edge.lives)

    def forbidden_from(self, now: datetime) -> "WatchedFinding":
        """Note that it leads where no call may go."""
        return replace(self, forbidden_since=self.forbidden_since or now)

    def watched_now(self, watch: EdgeWatch, *, is_clean: bool) -> "WatchedFinding":
        """Note what a check saw that the guard let go; where somebody answers it is clean."""
        if not is_clean:
            return replace(self, watch=watch)
        return replace(self, watch=watch, forbidden_since=None, is_parked=False)

    def leads_otherwise(self, before: "WatchedFinding") -> bool:
        """Whether calls may go elsewhere now."""
        if self.is_parked is not before.is_parked:
            return True
        found = _read(self.raw)
        return watched(found, self.watch) != watched(found, before.watch)


class WayFindings(Repository):
    """Written under the locks of trunks that lead there, or under the row's lease."""

    def keep(self, found: Mapping[UUID, WayFinding], now: datetime) -> None:
        """Keep what was found at these destinations, where it is other than what is known."""
        known = self.watched(found.keys())
        for destination_id, finding in sorted(found.items()):
            before = known.get(destination_id)
            if before is not None and before.forbidden_since is None and _read(before.raw) == finding:
                continue
            # What a report found alive is clean: the guard let it go.
            values = {
                "found": _write(finding),
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
        return {
            destination_id: replace(watched(_read(each.raw), each.watch), is_forbidden=each.is_parked)
            for destination_id, each in self.watched(destination_ids).items()
        }

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
            )
            .where(among(self._session, WayFindingRow.destination_id, destination_ids))
            .order_by(WayFindingRow.destination_id)
        )
        return {
            row.destination_id: WatchedFinding(
                destination_id=row.destination_id,
                watch=_read_watch(row.watch),
                forbidden_since=row.forbidden_since,
                is_parked=row.is_parked,
                raw=row.found,
            )
            for row in self._session.execute(query.with_for_update() if lock else query)
        }

    def write_watch(self, each: WatchedFinding) -> None:
        """Write what a check saw, under the row's lock."""
        self._change(
            WayFindingRow,
            WayFindingRow.destination_id == each.destination_id,
            watch=_write_watch(each.watch),
            forbidden_since=each.forbidden_since,
            is_parked=each.is_parked,
        )

    def forbid(self, destination_ids: Collection[UUID], now: datetime) -> None:
        """Note that runs found these to lead where no call may go."""
        for destination_id in sorted(destination_ids):
            first = {
                "destination_id": destination_id,
                "found": _write(WayFinding()),
                "found_at": now,
                "stale_since": None,
                "watch": None,
                "forbidden_since": now,
                "is_parked": False,
            }
            if not insert_or_ignore(self._session, WayFindingRow, first, unique=["destination_id"]):
                self._change(
                    WayFindingRow,
                    WayFindingRow.destination_id == destination_id,
                    WayFindingRow.forbidden_since.is_(None),
                    forbidden_since=now,
                )

    def forbidden(self) -> Mapping[UUID, datetime]:
        """Give those that lead where no call may go and are not parked yet, and since when."""
        rows = self._session.execute(
            select(WayFindingRow.destination_id, WayFindingRow.forbidden_since).where(
                WayFindingRow.forbidden_since.is_not(None), WayFindingRow.is_parked.is_(False)
            )
        )
        return {destination_id: since for destination_id, since in rows if since is not None}

    def park(self, destination_ids: Collection[UUID]) -> set[UUID]:
        """Park those of these that still lead where no call may go."""
        return {
            each
            for each in sorted(destination_ids)
            if self._change(
                WayFindingRow,
                WayFindingRow.destination_id == each,
                WayFindingRow.forbidden_since.is_not(None),
                is_parked=True,
            )
        }

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


def _write(found: WayFinding) -> dict[str, Any]:
    # What checks say stands in columns of its own.
    return {name: value for name, value in asdict(found).items() if name != "is_forbidden"}


def _write_watch(watch: EdgeWatch) -> dict[str, Any]:
    return {
        "edges": {
            name: [edge.failures, edge.fallen, edge.well_since and edge.well_since.isoformat()]
            for name, edge in watch.edges.items()
        },
        "moved_at": [each.isoformat() for each in watch.moved_at],
    }


def _read_watch(values: Mapping[str, Any] | None) -> EdgeWatch:
    if values is None:
        return EdgeWatch()
    return EdgeWatch(
        {
            name: WatchedEdge(failures, fallen, since and datetime.fromisoformat(since))
            for name, (failures, fallen, since) in values["edges"].items()
        },
        tuple(datetime.fromisoformat(each) for each in values["moved_at"]),
    )


def _read(values: Mapping[str, Any]) -> WayFinding:
    dialled = values["dialled"]
    return WayFinding(
        edges=tuple(
            WayEdge(
                **{
                    **each,
                    "transport": TransportName(each["transport"]),
                    "certificate_names": tuple(each["certificate_names"]),
                }
            )
            for each in values["edges"]
        ),
        dialled=None if dialled is None else Dialled(**{**dialled, "ipv4": tuple(dialled["ipv4"])}),
    )
