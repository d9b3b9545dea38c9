"""By which of a trunk's gateways its calls leave: a pure function (docs/design/infrastructure.md, "Failover")."""

from collections.abc import Mapping, Sequence

from trunks.rules.outbound_way import choose_way, silent_addresses
from trunks.rules.way_evidence import OutboundWay, WayEvidence, WayForm


def choose_gateway(
    known: Sequence[WayEvidence | None], in_use: int | None = None, kept: OutboundWay | None = None
) -> tuple[int, OutboundWay] | None:
    """Choose among what is known of the gateways, by priority; None for one that was never found to answer.

    The first by which calls arrive, else the first that leads them to somebody who answers. While nobody does, calls
    stay at the one in use, and nothing changes (None) unless what is `kept` would lead them astray by now.
    """
    there = {number: each for number, each in enumerate(known) if each is not None}
    ways = {number: choose_way(each) for number, each in there.items()}
    open_ways = [number for number, way in ways.items() if _lives(there[number], way)]
    arriving = [number for number in open_ways if not _may_meet_silence(there[number], ways[number])]
    for number in (*arriving, *open_ways):
        return number, ways[number]
    stays = _stays_at(ways, in_use)
    if stays is None or (kept is not None and _stays(kept, there[stays])):
        return None
    return stays, ways[stays]


def _lives(known: WayEvidence, way: OutboundWay) -> bool:
    return way.form is not WayForm.PARKED and any(edge.lives for edge in known.edges)


def _may_meet_silence(known: WayEvidence, way: OutboundWay) -> bool:
    """Whether calls go by a name of which an address is known to be dead."""
    by_name = way.form is WayForm.AS_GIVEN and way.edge is None and not known.fixed_egress
    return by_name and bool(silent_addresses(known))


def _stays_at(ways: Mapping[int, OutboundWay], in_use: int | None) -> int | None:
    return in_use if in_use in ways else min(ways, default=None)


def _stays(kept: OutboundWay, known: WayEvidence) -> bool:
    """There is no other way while nothing lives: the one that is stays, unless it was ended for what is mended now, or
    would lead astray now.
    """
    if known.is_forbidden or any(edge.lives for edge in known.edges):
        return False
    astray = known.dialled is not None and known.dialled.astray is not None
    return kept.form is not WayForm.PARKED and not (kept.form is WayForm.AS_GIVEN and astray)
