"""The worker's health checks lead calls away from an edge that fell, on the infrastructure itself."""

from pathlib import Path

import pytest

from tests.livekit_contract.sip_peer import silent
from tests.worker.situations import Situation, open_installed

pytestmark = pytest.mark.peers

TWO_TARGETS = Situation(
    zone=(
        "_sip._udp.{d}. IN SRV 10 0 {p} sip1.{d}.\nsip1.{d}. IN A {one}\n"
        "_sip._udp.{d}. IN SRV 20 0 {p} sip2.{d}.\nsip2.{d}. IN A {two}"
    ),
    at=("one", "two"),
)
NUMBER = "+14155553001"


def test_calls_go_to_the_edge_that_lives(tmp_path: Path, sqlite_template: Path) -> None:
    with open_installed(
        tmp_path,
        sqlite_template,
        {"two-targets": TWO_TARGETS},
        health_interval_floor_seconds=0.0,
        health_interval_seconds=0.5,
        probe_timeout_seconds=0.6,
        failure_threshold=2,
    ) as installed:
        place = installed.places["two-targets"]
        trunk = installed.provide(place, NUMBER)
        installed.service.verify(trunk)
        before = installed.wait_for_side(
            NUMBER, place.filled("<sip:{one}:{p};lr;transport=udp>"), place.domain
        )
        place.peers["one"].conduct = silent
        after = installed.wait_for_side(
            NUMBER, place.filled("<sip:{two}:{p};lr;transport=udp>"), place.domain
        )
        assert after.sip_trunk_id == before.sip_trunk_id
        place.invited()
        installed.call(after)
        assert place.invited() == ["two"]
