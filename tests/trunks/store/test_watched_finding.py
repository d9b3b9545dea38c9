"""What is stored of a destination's edges, as this version reads it, a former one, and one that knows less."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sipcheck.target import TransportName
from trunks.repositories.watched_finding import read_finding, read_watch, write_finding, write_watch
from trunks.rules.edge_watch import EdgeWatch, WatchedEdge
from trunks.rules.way_evidence import Astray, Dialled, WayEdge, WayFinding

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE, TWO = "198.51.100.1:5060/udp", "198.51.100.2:5060/udp"

FOUND = WayFinding(
    edges=(
        WayEdge(
            host="sip1.carrier.example",
            address="198.51.100.1",
            port=5060,
            transport=TransportName.UDP,
            priority=10,
            weight=60,
            certificate_names=("sip1.carrier.example",),
        ),
        WayEdge(
            host="sip2.carrier.example",
            address="198.51.100.2",
            port=5060,
            transport=TransportName.UDP,
            lives=None,
        ),
    ),
    dialled=Dialled(ipv4=("198.51.100.1",), has_ipv6=True),
)
WATCH = EdgeWatch(
    {
        ONE: WatchedEdge(2, True, NOON),
        TWO: WatchedEdge(0, False, None, 2, NOON, ttl=timedelta(hours=1), held=1),
    },
    (NOON,),
    Astray.SRV_ALONE,
    NOON,
)
# What a process of the version before weights takes of an edge; it fails on anything else.
FORMER_EDGE = {
    "host", "address", "port", "transport", "priority", "lives", "certificate_names", "unanswerable",
}  # fmt: skip


def stored(values: Any) -> Any:
    """As it comes back from a column."""
    return json.loads(json.dumps(values))


def test_what_is_written_is_read() -> None:
    assert read_finding(stored(write_finding(FOUND))) == FOUND
    assert read_watch(stored(write_watch(WATCH))) == WATCH
    assert read_watch(None) == EdgeWatch()


def test_a_process_of_the_former_version_reads_it_beside_this_one() -> None:
    found, watch = stored(write_finding(FOUND)), stored(write_watch(WATCH))
    assert {frozenset(each) for each in found["edges"]} == {frozenset(FORMER_EDGE)}
    assert {len(columns) for columns in watch["edges"].values()} == {6}


@pytest.mark.parametrize(
    ("change", "weights"),
    [
        # As the version before wrote it, and as one that knows of no weight does.
        (lambda each: each | {"weight": 5}, [5, 5]),
        (lambda each: each, [None, None]),
        (lambda each: each | {"of_a_later_version": [1, 2]}, [None, None]),
    ],
)
def test_findings_of_other_versions_are_read(change: Any, weights: list[int | None]) -> None:
    values = stored(write_finding(FOUND))
    del values["weights"]
    values["edges"] = [change(each) for each in values["edges"]]
    values["dialled"]["of_a_later_version"] = True
    assert [each.weight for each in read_finding(values).edges] == weights
    assert read_finding(values).dialled == FOUND.dialled


@pytest.mark.parametrize(
    ("columns", "edge"),
    [
        ([2, True, NOON.isoformat()], WatchedEdge(2, True, NOON)),
        (
            [0, False, None, 3, NOON.isoformat(), True, "of a later version"],
            WatchedEdge(0, False, None, 3, NOON, True),
        ),
    ],
)
def test_watched_edges_of_other_versions_are_read(columns: list[Any], edge: WatchedEdge) -> None:
    assert read_watch({"edges": {ONE: columns}, "moved_at": []}) == EdgeWatch({ONE: edge})
