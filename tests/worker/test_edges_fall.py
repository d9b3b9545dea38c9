"""The worker's health checks renew the pair, and lead calls away from an edge that fell, but not where many fall."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from tests.livekit_contract.sip_peer import Heard, SipPeer, silent
from tests.observed import wait_until
from tests.peers.udp_peer import UdpPeer
from tests.trunks.health_watch import flips_are_held
from tests.worker.situations import WITHIN_SECONDS, Installed, Place, Situation, open_installed
from tests.worker.switched_peer import Behaviour
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


def test_where_many_lose_an_edge_at_once_calls_stay_until_the_canary_answers(
    tmp_path: Path, sqlite_template: Path, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    carriers = {f"carrier{number}": TWO_TARGETS for number in range(6)}
    canary = Behaviour()
    bird = udp_peer_factory(canary)
    with open_installed(
        tmp_path,
        sqlite_template,
        carriers,
        health_interval_floor_seconds=0.0,
        health_interval_seconds=2.0,
        probe_timeout_seconds=0.6,
        failure_threshold=3,
        # Of six: on a busy machine not all of them fail within one interval.
        breaker_destinations=4,
        canary_targets=f"sip:{bird.address}:{bird.port};transport=udp",
    ) as installed:
        places = list(installed.places.values())
        numbers = [f"+1415555{number:04}" for number in range(len(places))]
        trunks = [installed.provide(place, number) for place, number in zip(places, numbers, strict=True)]
        for trunk in trunks:
            installed.service.verify(trunk)
        first, second = (
            [place.filled(f"<sip:{{{at}}}:{{p}};lr;transport=udp>") for place in places]
            for at in ("one", "two")
        )
        before = wait_for_sides(installed, numbers, first)
        canary.fall_silent()
        for place in places:
            place.peers["one"].conduct = silent
        wait_until(lambda: flips_are_held(installed.service.installation))
        cycles = health_cycles(installed)
        wait_until(lambda: all(now >= cycles[each] + 4 for each, now in health_cycles(installed).items()))
        assert flips_are_held(installed.service.installation)
        assert [installed.side(number).headers["Route"] for number in numbers] == first
        # What was settled before the others fell is told: degraded. Nobody is told of a move.
        flips = [flip for trunk in trunks for flip in installed.service.store.flips(trunk.id)]
        assert not any("outbound_edge" in flip.changes for flip in flips)
        canary.speak()
        assert wait_for_sides(installed, numbers, second) == before


def wait_for_sides(installed: Installed, numbers: Sequence[str], routes: Sequence[str]) -> list[str]:
    """Wait until the sides lead so, and give their ids."""
    return [
        installed.wait_for_side(number, route, place.domain).sip_trunk_id
        for number, route, place in zip(numbers, routes, installed.places.values(), strict=True)
    ]


def health_cycles(installed: Installed) -> dict[UUID, int]:
    with installed.service.installation.database.read() as session:
        rows = session.execute(select(DestinationHealth.destination_id, DestinationHealth.cycle))
        return {row.destination_id: row.cycle for row in rows}
