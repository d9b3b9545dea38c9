"""What was found last of the ways to destinations, and those whose trunks are to be led anew."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from sipcheck.target import TransportName
from trunks.models.way_finding import WayFindingRow
from trunks.repositories.among import among
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository
from trunks.rules.way_evidence import Dialled, WayEdge, WayFinding

_LEASE = timedelta(minutes=1)


class WayFindings(Repository):
    """Written under the locks of trunks that lead there, or under the row's lease."""

    def keep(self, found: Mapping[UUID, WayFinding], now: datetime) -> None:
        """Keep what was found at these destinations, where it is other than what is known."""
        known = self.of(found.keys())
        for destination_id, finding in sorted(found.items()):
            if known.get(destination_id) == finding:
                continue
            values = {"found": _write(finding), "found_at": now}
            if destination_id in known:
                self._session.execute(
                    update(WayFindingRow)
                    .where(WayFindingRow.destination_id == destination_id)
                    .values(**values)
                    .execution_options(synchronize_session=False)
                )
            else:
                first = {"destination_id": destination_id, "stale_since": None, **values}
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

    def of(self, destination_ids: Collection[UUID]) -> Mapping[UUID, WayFinding]:
        if not destination_ids:
            return {}
        rows = self._session.execute(
            select(WayFindingRow.destination_id, WayFindingRow.found).where(
                among(self._session, WayFindingRow.destination_id, destination_ids)
            )
        )
        return {destination_id: _read(found) for destination_id, found in rows}

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
    return asdict(found)


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
