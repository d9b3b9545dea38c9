"""Which of a destination's edges calls keep to, check by check: pure functions (docs/design/infrastructure.md,
"Failover").
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from trunks.rules.way_evidence import Astray, WayFinding

# A better edge that was left has to be well so long before calls go back; each move within a day doubles it.
CALM = timedelta(minutes=10)
LONGEST_CALM = timedelta(hours=2)
_MOVES_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WatchedEdge:
    """One that has answered; `failures` are in a row, and `fallen` that calls do not go there until it was well from
    `well_since` on for long enough.
    """

    failures: int = 0
    fallen: bool = False
    well_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class EdgeWatch:
    """The edges of a destination by name; `moved_at` are the falls and returns of a day. `astray` is what a check saw
    of where calls would go, until that is confirmed.
    """

    edges: Mapping[str, WatchedEdge] = field(default_factory=dict)
    moved_at: tuple[datetime, ...] = ()
    astray: Astray | None = None

    @property
    def fallen(self) -> frozenset[str]:
        return frozenset(name for name, edge in self.edges.items() if edge.fallen)

    @property
    def standing(self) -> frozenset[str]:
        return frozenset(self.edges) - self.fallen


def after_check(
    watch: EdgeWatch,
    seen: Mapping[str, bool],
    now: datetime,
    *,
    threshold: int,
    answered: Collection[str] = (),
) -> EdgeWatch:
    """Say what stands after a check that found these edges alive or not; one that it did not ask stays as it was.

    `answered` are those that a report found alive.
    """
    moved_at = [each for each in watch.moved_at if now - each < _MOVES_WITHIN]
    edges = dict(watch.edges)
    for name, alive in sorted(seen.items()):
        before = edges.get(name)
        if before is None and not alive and name not in answered:
            # One that has never answered is no way of calls, and cannot fall.
            continue
        if before is None:
            before = WatchedEdge()
        after = _well(before, now, _calm(len(moved_at))) if alive else _failed(before, threshold)
        if after.fallen is not before.fallen:
            moved_at.append(now)
        edges[name] = after
    return EdgeWatch(edges, tuple(moved_at), watch.astray)


def watched(found: WayFinding, watch: EdgeWatch) -> WayFinding:
    """Lay what checks say over what a report found: one silence in a report takes no edge away."""
    return replace(
        found,
        edges=tuple(
            replace(each, lives=each.name in watch.standing) if each.name in watch.edges else each
            for each in found.edges
        ),
    )


def _failed(edge: WatchedEdge, threshold: int) -> WatchedEdge:
    # No more than count: what stays dead stays as it is.
    failures = min(edge.failures + 1, threshold)
    return WatchedEdge(failures, edge.fallen or failures >= threshold)


def _well(edge: WatchedEdge, now: datetime, calm: timedelta) -> WatchedEdge:
    if not edge.fallen:
        return WatchedEdge()
    since = edge.well_since or now
    return WatchedEdge(fallen=now - since < calm, well_since=since)


def _calm(moves: int) -> timedelta:
    doubled: int = 1 << max(moves - 1, 0)
    return min(CALM * doubled, LONGEST_CALM)
