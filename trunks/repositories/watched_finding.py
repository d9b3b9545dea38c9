"""What was found at a destination, with what checks say of it; and the forms in which both are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sipcheck.target import TransportName
from trunks.rules.edge_watch import EdgeWatch, WatchedEdge, watched
from trunks.rules.way_evidence import Astray, Dialled, WayEdge, WayFinding

# Of a finding: they stand in columns of their own.
_OF_CHECKS = frozenset({"is_forbidden", "is_suspect"})
# What is stored of addresses that were not kept.
_FORBIDDEN = Dialled(has_ipv6=True, forbidden=True)

# The columns of an edge as a version wrote them that knew of no absence.
_NO_ABSENCE = (0, False, None, 0, None, False)

# By then a check has come, where any do.
_UNWATCHED_FOR = timedelta(minutes=10)
# Of a carrier that rotates: more than any has at a time.
_MOST_LEFT_OUT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedFinding:
    """What checks say of a destination. `found` is what a report found, with where a confirmed check saw calls go.

    Since `forbidden_since` it is suspected: of leading where no call may go, or calls astray (`watch.astray`).
    """

    destination_id: UUID
    watch: EdgeWatch
    forbidden_since: datetime | None
    is_parked: bool
    found: WayFinding
    found_at: datetime | None = None

    @property
    def whole(self) -> WayFinding:
        """All that is known, as ways are chosen by it."""
        return replace(
            watched(self.found, self.watch),
            is_forbidden=self.is_parked,
            is_suspect=self.forbidden_since is not None,
        )

    def with_report(self, found: WayFinding, now: datetime) -> WayFinding:
        """Take what a report found, with those edges that its answer left out and that are not withdrawn yet.

        Those that no check has named so far stay only where the last report came a moment ago: many trunks may be
        verified one after the other.
        """
        names = {edge.name for edge in found.edges}
        stand = self.watch.standing
        if self.found_at is not None and now - self.found_at < _UNWATCHED_FOR:
            stand |= self.living() - self.watch.edges.keys()
        left_out = [edge for edge in self.found.edges if edge.name not in names and edge.name in stand]
        return replace(found, edges=(*found.edges, *left_out[:_MOST_LEFT_OUT]))

    def living(self) -> frozenset[str]:
        """Name the edges that the last report found alive."""
        return frozenset(edge.name for edge in self.found.edges if edge.lives)

    def forbidden_from(self, now: datetime) -> "WatchedFinding":
        """Note that it leads where no call may go."""
        return replace(
            self,
            watch=replace(self.watch, astray=None),
            forbidden_since=self.forbidden_since or now,
        )

    def watched_now(self, watch: EdgeWatch, *, is_clean: bool) -> "WatchedFinding":
        """Note what a check saw that the guard let go; where somebody answers it is clean."""
        if not is_clean:
            return replace(self, watch=watch)
        since = None if watch.astray is None else self.forbidden_since
        return replace(self, watch=watch, forbidden_since=since, is_parked=False)

    def dialled_now(self, dialled: Dialled, now: datetime) -> "WatchedFinding":
        """Note where calls to the address as given would go: what is clean counts at once, the rest once confirmed."""
        before = None if self.found.dialled is None else self.found.dialled.astray
        if dialled.astray is None:
            found = self.found if before is None else replace(self.found, dialled=dialled)
            since = None if self.watch.astray is not None else self.forbidden_since
            return replace(self, found=found, watch=replace(self.watch, astray=None), forbidden_since=since)
        if dialled.astray is before:
            return self
        return replace(
            self,
            watch=replace(self.watch, astray=dialled.astray),
            forbidden_since=self.forbidden_since or now,
        )

    def confirmed(self) -> "WatchedFinding":
        """Take what is suspected for true."""
        if self.watch.astray is None:
            return replace(self, is_parked=True)
        dialled = Dialled() if self.watch.astray is Astray.SRV_ALONE else _FORBIDDEN
        return replace(
            self,
            found=replace(self.found, dialled=dialled),
            watch=replace(self.watch, astray=None),
            forbidden_since=None,
        )

    def leads_otherwise(self, before: "WatchedFinding") -> bool:
        """Whether calls may go elsewhere now; what is suspected alone opens nothing and parks nothing that stands."""
        cleared = before.whole.is_suspect and not self.whole.is_suspect
        return cleared or replace(self.whole, is_suspect=False) != replace(before.whole, is_suspect=False)


def write_finding(found: WayFinding) -> dict[str, Any]:
    """Write what a report found, for its column: what a former version does not know stands beside what it reads."""
    values = {name: value for name, value in asdict(found).items() if name not in _OF_CHECKS}
    values["edges"] = [
        {name: value for name, value in each.items() if name != "weight"} for each in values["edges"]
    ]
    values["weights"] = {each.name: each.weight for each in found.edges if each.weight is not None}
    return values


def write_watch(watch: EdgeWatch) -> dict[str, Any]:
    """Write what checks say, for its column."""
    return {
        "edges": {
            name: [
                edge.failures,
                edge.fallen,
                edge.well_since and edge.well_since.isoformat(),
                edge.absences,
                edge.absent_since and edge.absent_since.isoformat(),
                edge.withdrawn,
            ]
            for name, edge in watch.edges.items()
        },
        "moved_at": [each.isoformat() for each in watch.moved_at],
        "astray": watch.astray,
        "rotated_at": watch.rotated_at and watch.rotated_at.isoformat(),
        # A former version takes no more columns of an edge than it knows.
        "ttl_seconds": {
            name: edge.ttl.total_seconds() for name, edge in watch.edges.items() if edge.ttl is not None
        },
        "held": {name: edge.held for name, edge in watch.edges.items() if edge.held},
    }


def read_watch(values: Mapping[str, Any] | None) -> EdgeWatch:
    if values is None:
        return EdgeWatch()
    ttls, held = values.get("ttl_seconds", {}), values.get("held", {})
    return EdgeWatch(
        {
            name: _read_edge(columns, ttls.get(name), held.get(name, 0))
            for name, columns in values["edges"].items()
        },
        tuple(datetime.fromisoformat(each) for each in values["moved_at"]),
        None if values.get("astray") is None else Astray(values["astray"]),
        _moment(values.get("rotated_at")),
    )


def _read_edge(columns: Sequence[Any], ttl_seconds: float | None, held: int) -> WatchedEdge:
    """Read an edge of this version, or of one with fewer columns, or with more."""
    failures, fallen, well_since, absences, absent_since, withdrawn = (
        *columns,
        *_NO_ABSENCE[len(columns) :],
    )[:6]
    return WatchedEdge(
        failures,
        fallen,
        _moment(well_since),
        absences,
        _moment(absent_since),
        withdrawn,
        None if ttl_seconds is None else timedelta(seconds=ttl_seconds),
        held,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def read_finding(values: Mapping[str, Any]) -> WayFinding:
    """Read what this version wrote, a former one, or a later one: what is not known here is passed over."""
    dialled, weights = values["dialled"], values.get("weights", {})
    found = WayFinding(
        edges=tuple(_read_way_edge(each) for each in values["edges"]),
        dialled=None
        if dialled is None
        else Dialled(**_known(Dialled, {**dialled, "ipv4": tuple(dialled["ipv4"])})),
    )
    return replace(
        found, edges=tuple(replace(each, weight=weights.get(each.name, each.weight)) for each in found.edges)
    )


def _read_way_edge(values: Mapping[str, Any]) -> WayEdge:
    read = {
        "transport": TransportName(values["transport"]),
        "certificate_names": tuple(values["certificate_names"]),
    }
    return WayEdge(**_known(WayEdge, {**values, **read}))


def _known(kind: type[WayEdge | Dialled], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in kind.__dataclass_fields__}
