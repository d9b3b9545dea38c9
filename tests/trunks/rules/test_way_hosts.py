"""Which of a carrier's edges a trunk's calls go to: by priority, and among equals by a lot of the trunk's own."""

from collections import Counter
from dataclasses import replace

from sipcheck.target import TransportName
from trunks.rules.way_evidence import WayEdge, WayEvidence
from trunks.rules.way_hosts import by_preference

UDP, TCP = TransportName.UDP, TransportName.TCP
LOTS = [f"trunk {number}" for number in range(3000)]


def edge(number: int, weight: int | None, *, priority: int = 10, transport: TransportName = UDP) -> WayEdge:
    return WayEdge(
        host="sip.example",
        address=f"198.51.100.{number}",
        port=5060,
        transport=transport,
        priority=priority,
        weight=weight,
    )


def first(*edges: WayEdge, lot: str | None, current: str | None = None) -> WayEdge:
    return by_preference(WayEvidence(domain="sip.example", edges=edges, lot=lot, current=current))[0]


def shares(*edges: WayEdge) -> Counter[str]:
    return Counter(first(*edges, lot=lot).address.rpartition(".")[2] for lot in LOTS)


def test_trunks_are_shared_out_by_weight() -> None:
    # The lots are the same in every run: three standard deviations of 3000 drawn by chance.
    found = shares(edge(1, 60), edge(2, 30), edge(3, 10))
    assert [abs(found[name] - share) < 85 for name, share in (("1", 1800), ("2", 900), ("3", 300))] == [
        True
    ] * 3
    equal = shares(edge(1, None), edge(2, None))
    assert abs(equal["1"] - 1500) < 85
    assert abs(shares(edge(1, 0), edge(2, 0))["1"] - 1500) < 85
    # A weight of nothing has a very small chance.
    assert shares(edge(1, 0), edge(2, 100))["1"] <= 5


def test_an_edge_that_falls_moves_its_own_trunks_alone() -> None:
    edges = [edge(1, 60), edge(2, 30), edge(3, 10)]
    dead = [replace(edges[0], lives=False), *edges[1:]]
    moved: Counter[str] = Counter()
    for lot in LOTS:
        before, after = first(*edges, lot=lot), first(*dead, lot=lot)
        if before is edges[0]:
            moved[after.address] += 1
        else:
            assert after is before
    # Three of four go to the one of thrice the weight.
    assert 0.70 < moved["198.51.100.2"] / moved.total() < 0.80


def test_what_goes_before_the_lot() -> None:
    one, two = edge(1, 1), edge(2, 1000)
    for lot in LOTS[:50]:
        assert first(replace(one, priority=5), two, lot=lot).address == one.address
        assert first(one, two, lot=lot, current=one.name) is one
        # The order of DNS' answer is nothing to go by; that of its transports is.
        assert first(one, two, lot=lot) is first(two, one, lot=lot)
        assert first(edge(1, 1, transport=TCP), two, lot=lot).transport is TCP
    assert first(one, two, lot=None) is one
