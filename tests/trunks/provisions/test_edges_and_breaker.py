"""When many destinations lose an edge in use at once, though another answers, no call moves until it is seen to be
none of our own doing (docs/design/architecture.md, "Breaker").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from sipcheck.reasons import Reason
from tests.peers.livekit.server import LiveKitServer
from tests.trunks.forms import Store
from tests.trunks.health_watch import flips_are_held, latest_fall
from tests.trunks.livekit_forms import with_livekit
from tests.trunks.provisions.installed import Installed
from tests.trunks.provisions.test_forms_of_calls import due, finish, heard, led_on, way_of
from tests.trunks.provisions.test_ways import claim
from trunks.health.check import CheckResult, EdgeResult
from trunks.installation.settings import Settings
from trunks.models.destination_health import DestinationHealth
from trunks.models.trunk import Trunk
from trunks.repositories.liveness import LivenessRows
from trunks.repositories.way_findings import WayFindings
from trunks.rules.mass_failure import Release
from trunks.rules.way_evidence import WayForm

# So many that fall together are a mass fall here; ten as it is shipped.
FEWEST, CARRIERS = 4, 5
# More than an interval of a minute with its jitter; and what a held one is asked again after.
CYCLE_SECONDS, AGAIN_SECONDS = 67.0, 17.0
_YEAR_SECONDS = 365 * 86_400.0

on_sqlite = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
Silent = Callable[[int], set[int]]


def first_edges(number: int) -> set[int]:
    return {0}


def nothing(number: int) -> set[int]:
    return set()


@dataclass
class Carriers:
    """Carriers with edges of falling priority, the first of which calls go to; a trunk at each."""

    installed: Installed
    addresses: list[list[str]]
    interval_seconds: float | None = None

    def __post_init__(self) -> None:
        self.trunks = [self._enter(number) for number in range(len(self.addresses))]
        self.numbers = {trunk.gateways[0].destination_id: each for each, trunk in enumerate(self.trunks)}

    def _enter(self, number: int) -> Trunk:
        trunk = self.installed.make_trunk(
            f"+1415555{number:04}",
            name=f"Trunk {number}",
            domain=f"carrier{number}.example",
            health_interval_seconds=self.interval_seconds,
        )
        report = led_on(*self.addresses[number])
        edges = [replace(each, priority=10 + rank) for rank, each in enumerate(report.edges)]
        report, claimed = replace(report, edges=tuple(edges)), claim(self.installed, trunk)
        taken = due(self.installed, claimed, report)
        routes = [heard(claimed, each, same=True) for each in taken if each.form is WayForm.ROUTE]
        finish(self.installed, claimed, report, routes)
        return trunk

    def check(self, silent: Silent, after_seconds: float = CYCLE_SECONDS, *, killed: bool = False) -> int:
        """Settle what is due then, each with those of its edges silent; `killed` before it is noted. Give how many."""
        installation = self.installed.store.installation
        self.installed.store.clock.advance(after_seconds)
        results = []
        for each in installation.health.claims.claim(limit=100):
            number = self.numbers[each.destination_id]
            edges = tuple(
                EdgeResult(name, place not in silent(number), 1.0)
                for place, name in enumerate(self.edges(number))
            )
            alive = any(edge.alive for edge in edges)
            results.append(
                CheckResult(
                    claim=each,
                    alive=alive,
                    reason=Reason.ALIVE if alive else Reason.NO_RESPONSE,
                    some_dead=not all(edge.alive for edge in edges),
                    address=self.addresses[number][0],
                    edges=edges,
                )
            )
        installation.health.results.settle(results)
        if not killed:
            installation.runs.way_checks.note(results)
        installation.health.breaker.tend()
        installation.runs.way_turns.tend()
        return len(results)

    def edges(self, number: int) -> list[str]:
        return [f"{address}:5060/udp" for address in self.addresses[number]]

    def moves(self) -> dict[int, list[list[str]]]:
        found = {
            number: [
                flip.changes["outbound_edge"]
                for flip in self.installed.store.flips(trunk.id)
                if "outbound_edge" in flip.changes
            ]
            for number, trunk in enumerate(self.trunks)
        }
        return {number: moves for number, moves in found.items() if moves}

    def is_held(self) -> bool:
        return flips_are_held(self.installed.store.installation)

    def rows(self) -> Mapping[UUID, DestinationHealth]:
        with self.installed.store.installation.database.read() as session:
            return LivenessRows(session).all_of(self.numbers.keys())

    def health_flips(self) -> int:
        flips = [flip for trunk in self.trunks for flip in self.installed.store.flips(trunk.id)]
        return sum("health_status" in flip.changes for flip in flips)


def spread(carriers: int = CARRIERS, *, over: int = 3, edges: int = 2) -> list[list[str]]:
    """So many carriers, whose edges of each rank share so many addresses."""
    return [[f"198.51.{100 + rank}.{1 + each % over}" for rank in range(edges)] for each in range(carriers)]


@pytest.fixture
def make_installed(
    make_store: Callable[[Settings], Store], store_settings: Settings, livekit_server: LiveKitServer
) -> Callable[..., Installed]:
    def make(**given: int) -> Installed:
        settings = store_settings.model_copy(update={"breaker_destinations": FEWEST, **given})
        return Installed(make_store(with_livekit(settings, livekit_server)), livekit_server)

    return make


@pytest.fixture
def enter(make_installed: Callable[..., Installed]) -> Callable[[list[list[str]]], Carriers]:
    def enter(addresses: list[list[str]]) -> Carriers:
        carriers = Carriers(make_installed(), addresses)
        carriers.check(nothing)
        return carriers

    return enter


Enter = Callable[[list[list[str]]], Carriers]


def test_edges_that_answer_the_second_time_never_fell(enter: Enter) -> None:
    carriers = enter(spread())
    flips = carriers.health_flips()
    carriers.check(first_edges)
    fall = latest_fall(carriers.installed.store.installation)
    assert fall is not None
    assert (carriers.is_held(), fall.fallen, fall.addresses) == (True, CARRIERS, 3)
    assert {(row.alive, row.failures, row.edge_held_failures) for row in carriers.rows().values()} == {
        (True, 0, 1)
    }
    assert carriers.check(nothing, AGAIN_SECONDS) == CARRIERS
    fall = latest_fall(carriers.installed.store.installation)
    assert fall is not None
    assert fall.release is Release.PROBED_AGAIN
    assert {(row.edge_fell_at, row.edge_held_failures) for row in carriers.rows().values()} == {(None, 0)}
    # What was held is forgotten: it takes three failures as ever, of which the first is held again.
    for _ in range(2):
        carriers.check(first_edges)
    assert carriers.moves() == {}
    assert carriers.health_flips() - flips == CARRIERS  # degraded, since it was let go


@on_sqlite
def test_what_was_real_moves_in_the_usual_calm_and_the_held_failure_counts(enter: Enter) -> None:
    carriers = enter(spread())
    carriers.check(first_edges)
    carriers.check(first_edges, AGAIN_SECONDS)
    assert (carriers.is_held(), carriers.moves()) == (False, {})
    carriers.check(first_edges)
    expected = {number: [carriers.edges(number)] for number in range(CARRIERS)}
    assert carriers.moves() == expected
    assert {way_of(carriers.installed, trunk)[1] for trunk in carriers.trunks} == {
        carriers.edges(number)[1] for number in range(CARRIERS)
    }
    # Dead for a year they are no fall of today, and hold nobody's.
    for _ in range(3):
        carriers.check(first_edges, _YEAR_SECONDS / 3)
        carriers.check(first_edges)
    assert not carriers.is_held()
    # Back after ten unbroken minutes, since what moved before was a year ago.
    for _ in range(14):
        carriers.check(nothing)
    assert {number: len(moves) for number, moves in carriers.moves().items()} == dict.fromkeys(expected, 2)


@on_sqlite
@pytest.mark.parametrize(
    ("addresses", "silent", "held", "moved"),
    [
        pytest.param(spread(), lambda n: {0} if n % 2 else {0, 1}, True, set(), id="some as a whole"),
        # A standby that falls leads no call.
        pytest.param(spread(), lambda n: {1}, False, set(), id="standby"),
        pytest.param(spread(FEWEST - 1), lambda n: {0}, False, {0, 1, 2}, id="too few"),
        # Whoever is dead at one address is dead there.
        pytest.param(spread(over=1), lambda n: {0}, False, {0, 1, 2, 3, 4}, id="one address"),
        pytest.param(spread(8), lambda n: {0} if n < 4 else set(), False, {0, 1, 2, 3}, id="half"),
        # One that has a dozen edges is one.
        pytest.param(
            [[f"203.0.113.{1 + rank}" for rank in range(12)], *spread(FEWEST)],
            lambda n: set(range(11)) if n == 0 else set(),
            False,
            {0},
            id="a dozen edges",
        ),
    ],
)
def test_what_counts_as_a_mass_fall(
    enter: Enter, addresses: list[list[str]], silent: Silent, held: bool, moved: set[int]
) -> None:
    carriers = enter(addresses)
    carriers.check(silent)
    assert carriers.is_held() is held
    for _ in range(2):
        carriers.check(silent, AGAIN_SECONDS if held else CYCLE_SECONDS)
    assert carriers.moves().keys() == moved


@on_sqlite
def test_edges_that_fall_one_after_the_other_are_one_destination(
    make_installed: Callable[..., Installed],
) -> None:
    """Three lose an edge, and then the next one that calls went to, within one interval of the breaker."""
    carriers = Carriers(make_installed(failure_threshold=1), spread(FEWEST, edges=3), interval_seconds=30.0)
    carriers.check(nothing)
    assert carriers.check(lambda n: {0} if n < 3 else set(), 36.0) == FEWEST
    assert carriers.moves().keys() == {0, 1, 2}
    assert carriers.check(lambda n: {0, 1} if n < 3 else set(), 36.0) == FEWEST
    assert not carriers.is_held()
    assert {len(moves) for moves in carriers.moves().values()} == {2}


@on_sqlite
def test_a_worker_that_is_killed_before_it_notes_what_it_saw_counts_nothing_twice(enter: Enter) -> None:
    carriers = enter(spread())
    carriers.check(first_edges, killed=True)
    assert carriers.is_held()
    carriers.check(first_edges, AGAIN_SECONDS)
    assert not carriers.is_held()
    with carriers.installed.store.installation.database.read() as session:
        watched = WayFindings(session).watched(carriers.numbers.keys())
    # The held one was seen by nobody who is left; this one counts.
    assert {
        each.watch.edges[carriers.edges(carriers.numbers[place])[0]].failures
        for place, each in watched.items()
    } == {1}
    carriers.check(first_edges)
    assert carriers.moves() == {}
    carriers.check(first_edges)
    assert carriers.moves().keys() == set(range(CARRIERS))


@on_sqlite
def test_what_moved_before_the_others_fell_stays_where_it_is(enter: Enter) -> None:
    carriers = enter(spread())
    for _ in range(3):
        carriers.check(lambda n: {0} if n == 0 else set())
    carriers.check(first_edges)
    assert carriers.is_held()
    carriers.check(nothing, AGAIN_SECONDS)
    assert carriers.moves() == {0: [carriers.edges(0)]}
