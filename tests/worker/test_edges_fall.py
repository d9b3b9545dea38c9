"""The worker's health checks renew the pair, and lead calls away from an edge that fell."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.livekit_contract.sip_peer import Heard, SipPeer, silent
from tests.worker.situations import WITHIN_SECONDS, Installed, Place, Situation, open_installed
from trunks.clock import utc_now
from trunks.models.destination_health import DestinationHealth
from trunks.models.form_proof import FormProofRow

pytestmark = pytest.mark.peers

TWO_TARGETS = Situation(
    zone=(
        "_sip._udp.{d}. IN SRV 10 0 {p} sip1.{d}.\nsip1.{d}. IN A {one}\n"
        "_sip._udp.{d}. IN SRV 20 0 {p} sip2.{d}.\nsip2.{d}. IN A {two}"
    ),
    at=("one", "two"),
)
NUMBER = "+14155553001"


def make_due_again(installed: Installed) -> None:
    """Let a day pass since the pair was asked, and an hour since a check was read in full."""
    long_ago = utc_now() - timedelta(hours=2)
    with installed.service.installation.database.write() as session:
        session.execute(update(FormProofRow).values(asked_at=long_ago, ask_at=long_ago))
        session.execute(update(DestinationHealth).values(facts_at=None))


def wait_for_second_pair(place: Place) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while any(len(pairs_at(peer)) < 2 for peer in place.peers.values()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [len(pairs_at(peer)) for peer in place.peers.values()] == [2, 2]


def pairs_at(peer: SipPeer) -> list[Heard]:
    return [each for each in peer.heard if each.method == "OPTIONS" and each.header("Route")]


def test_the_pair_is_renewed_and_calls_go_to_the_edge_that_lives(
    tmp_path: Path, sqlite_template: Path
) -> None:
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
        make_due_again(installed)
        wait_for_second_pair(place)
        place.peers["one"].conduct = silent
        after = installed.wait_for_side(
            NUMBER, place.filled("<sip:{two}:{p};lr;transport=udp>"), place.domain
        )
        assert after.sip_trunk_id == before.sip_trunk_id
        place.invited()
        installed.call(after)
        assert place.invited() == ["two"]
