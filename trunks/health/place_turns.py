"""Which due checks are asked now: one of a Request-URI host at an address within its spacing, the others after it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from trunks.repositories.check_candidates import DueRow
from trunks.repositories.check_places import CheckPlaces
from trunks.repositories.liveness import Found
from trunks.rules.host_spacing import HostSpacing, Place, weights


@dataclass(frozen=True, slots=True)
class PlaceTurns:
    """Those whose turn is `now`, and what is to be changed of the rows of those whose turn comes `later`."""

    now: list[DueRow] = field(default_factory=list)
    later: list[dict[str, Any]] = field(default_factory=list)


def place_turns(
    rows: CheckPlaces,
    due: Sequence[DueRow],
    asked: Sequence[DueRow],
    spacing_seconds: float,
    now: datetime,
) -> PlaceTurns:
    """Give due destinations their turns, a spacing apart, and after those that somebody `asked` for."""
    if not spacing_seconds or not due:
        return PlaceTurns(now=list(due))
    spacing = HostSpacing(spacing_seconds, now)
    since = now - timedelta(seconds=spacing_seconds)
    hosts = Counter(row.domain for row in due)
    before = rows.claimed_since(since, hosts.keys())
    spacing.asked((_place(row), row.claimed_at) for row in before)
    spacing.asked((_place(row), now) for row in asked)
    # Nobody is near a host that is asked for once, and was not lately.
    hosts.update(row.domain for row in before)
    hosts.update(row.domain for row in asked)
    turns = PlaceTurns(now=[row for row in due if hosts[row.domain] == 1])
    for row in _by_need(rows, [row for row in due if hosts[row.domain] > 1], now):
        turn = spacing.turn(_place(row))
        if turn <= now:
            turns.now.append(row)
        else:
            since_then = {"due_since": row.due_since or row.next_check_at}
            turns.later.append({"destination_id": row.destination_id, "next_check_at": turn, **since_then})
    return turns


def _by_need(rows: CheckPlaces, due: Sequence[DueRow], now: datetime) -> list[DueRow]:
    """Sort by how long each was not checked, else some of a crowded place would never be; and there, by how many
    environments wait for it: else whoever enters many destinations would have all the turns.
    """
    places = Counter((row.domain, row.edge_addresses) for row in due if row.edge_addresses)
    crowded = {place for place, count in places.items() if count > 1}
    weight: dict[UUID, float] = {}
    for environments in rows.environments_at(crowded).values() if crowded else ():
        weight |= weights(environments)

    def need(row: DueRow) -> float:
        last = row.checked_at or (row.due_since or row.next_check_at) - timedelta(
            seconds=row.interval_seconds
        )
        seconds: float = (now - last).total_seconds()
        return seconds * weight.get(row.destination_id, 1.0)

    return sorted(due, key=need, reverse=True)


def _place(row: "DueRow | Found") -> Place:
    return Place(row.domain, row.outbound_proxy, tuple((row.edge_addresses or "").split()))
