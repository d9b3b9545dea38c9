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
# An edge that so many answers in a row left out, and for twice their records' time to live, is withdrawn.
_ABSENCES = 3
_USUAL_TTL = timedelta(minutes=5)
# Whatever a zone says of that.
_LONGEST_TTL = timedelta(hours=12)
# Unless answers bring others in its place: then it may be its turn again, and the set is their union.
_UNION_OF = timedelta(days=1)
# By then the reports that still named it are gone.
_FORGOTTEN_AFTER = timedelta(days=7)
# A carrier that rotates is noted anew no more often.
_NOTED_EACH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class WatchedEdge:
    """One that has answered; `failures` are in a row, `held` those before the next one that the breaker held back, and
    `fallen` that calls do not go there until it was well from `well_since` on for long enough. Since `absent_since` so
    many answers in a row named it no more; it is `withdrawn` once calls leave it for that. `ttl` is the longest time to
    live of the answers that left it out: the first of these was new, and a cache had taken little of it.
    """

    failures: int = 0
    fallen: bool = False
    well_since: datetime | None = None
    absences: int = 0
    absent_since: datetime | None = None
    withdrawn: bool = False
    ttl: timedelta | None = None
    held: int = 0


@dataclass(frozen=True, slots=True)
class EdgeWatch:
    """The edges of a destination by name; `moved_at` are the falls and returns of a day. `astray` is what a check saw
    of where calls would go, until that is confirmed. `rotated_at` is when an answer named an edge that the one before
    left out.
    """

    edges: Mapping[str, WatchedEdge] = field(default_factory=dict)
    moved_at: tuple[datetime, ...] = ()
    astray: Astray | None = None
    rotated_at: datetime | None = None

    @property
    def fallen(self) -> frozenset[str]:
        return frozenset(name for name, edge in self.edges.items() if edge.fallen or edge.withdrawn)

    @property
    def withdrawn(self) -> frozenset[str]:
        return frozenset(name for name, edge in self.edges.items() if edge.withdrawn)

    @property
    def named(self) -> frozenset[str]:
        """Those that answers of DNS name, or left out for no longer than a carrier that rotates does."""
        return frozenset(self.edges) - self.withdrawn

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
    ttl: timedelta | None = None,
    is_whole: bool = True,
) -> EdgeWatch:
    """Say what stands after a check that found these edges alive or not; one that it did not ask stays as it was.

    `answered` are those that a report found alive, `ttl` is how long DNS lets the edges be kept. Only where DNS left
    nothing unanswered, `is_whole`, an edge is absent that was not named.
    """
    # What a clock wrote before it was set back is of now.
    moved_at = [min(each, now) for each in watch.moved_at if now - each < _MOVES_WITHIN]
    # What a report alone has named is watched from now on, be it that this answer leaves it out.
    edges = {**{name: WatchedEdge() for name in answered if seen}, **watch.edges}
    rotated_at = _rotated(edges, watch.rotated_at, seen, now)
    rotates = rotated_at is not None and now - rotated_at < _UNION_OF
    for name in sorted(edges.keys() - seen.keys()) if seen and is_whole else ():
        was_withdrawn = edges[name].withdrawn
        edges[name] = after = _absent(edges[name], now, ttl, rotates=rotates)
        if after.withdrawn is not was_withdrawn:
            moved_at.append(now)
    for name, alive in sorted(seen.items()):
        before = edges.get(name)
        if before is None and not alive:
            # One that has never answered is no way of calls, and cannot fall.
            continue
        if before is None:
            before = WatchedEdge()
        if before.withdrawn:
            # It comes back as one that had fallen does.
            before = WatchedEdge(before.failures, fallen=True, held=before.held)
        after = _well(before, now, _calm(len(moved_at))) if alive else _failed(before, threshold)
        if after.fallen is not before.fallen:
            moved_at.append(now)
        edges[name] = after
    kept = {name: edge for name, edge in edges.items() if name in answered or not _is_forgotten(edge, now)}
    return EdgeWatch(kept, tuple(moved_at), watch.astray, rotated_at)


def newly_silent(watch: EdgeWatch, silent: Collection[str], answered: Collection[str]) -> frozenset[str]:
    """Give those of the silent edges that stood and had failed no check before, held back or not."""
    stood = {name for name in watch.standing if not (watch.edges[name].failures or watch.edges[name].held)}
    return frozenset(silent) & (stood | (frozenset(answered) - watch.edges.keys()))


def held_back(
    watch: EdgeWatch, seen: Mapping[str, bool], answered: Collection[str], *, threshold: int
) -> EdgeWatch:
    """Say what stands after a check whose silence the breaker holds back: it counts beside the next one."""
    edges = {**{name: WatchedEdge() for name in answered if name in seen}, **watch.edges}
    for name in edges.keys() & seen.keys():
        before = edges[name]
        if not seen[name]:
            edges[name] = replace(before, held=min(before.held + 1, threshold))
        elif not before.fallen:
            edges[name] = replace(before, failures=0, held=0)
    return replace(watch, edges=edges)


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
    # No more than count: what stays dead stays as it is. What was held back counts now, beside this one.
    failures = min(edge.failures + 1 + edge.held, threshold)
    return WatchedEdge(failures, edge.fallen or failures >= threshold)


def _well(edge: WatchedEdge, now: datetime, calm: timedelta) -> WatchedEdge:
    if not edge.fallen:
        return WatchedEdge()
    since = min(edge.well_since or now, now)
    return WatchedEdge(fallen=now - since < calm, well_since=since)


def _calm(moves: int) -> timedelta:
    doubled: int = 1 << max(moves - 1, 0)
    return min(CALM * doubled, LONGEST_CALM)


def _rotated(
    edges: Mapping[str, WatchedEdge], before: datetime | None, seen: Mapping[str, bool], now: datetime
) -> datetime | None:
    named_before = {name for name, edge in edges.items() if not edge.absences}
    others = {name for name, alive in seen.items() if alive and name not in named_before}
    rotated_at = None if before is None else min(before, now)
    if not edges or not others or (rotated_at is not None and now - rotated_at < _NOTED_EACH):
        return rotated_at
    return now


def _absent(edge: WatchedEdge, now: datetime, ttl: timedelta | None, *, rotates: bool) -> WatchedEdge:
    absences, since = min(edge.absences + 1, _ABSENCES), min(edge.absent_since or now, now)
    longest = max((each for each in (edge.ttl, ttl) if each is not None), default=None)
    patience = _UNION_OF if rotates else 2 * min(_USUAL_TTL if longest is None else longest, _LONGEST_TTL)
    gone = absences >= _ABSENCES and now - since >= patience
    return replace(edge, absences=absences, absent_since=since, withdrawn=edge.withdrawn or gone, ttl=longest)


def _is_forgotten(edge: WatchedEdge, now: datetime) -> bool:
    return edge.withdrawn and edge.absent_since is not None and now - edge.absent_since >= _FORGOTTEN_AFTER
