"""The pair of OPTIONS: asked once for all trunks at a destination, and all of them follow what it says."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace

from sqlalchemy import select

from sipcheck.report.model import Report
from tests.trunks.provisions.installed import Installed
from tests.trunks.provisions.test_ways import ONE, TWO, claim, report_of, shown
from trunks.installation.installation import Installation
from trunks.models.form_proof import FormProofRow
from trunks.models.trunk import Trunk
from trunks.repositories.form_proofs import HeardForm
from trunks.repositories.outbound_ways import OutboundWays
from trunks.rules.way_evidence import Dialled, WayForm
from trunks.rules.way_of_report import evidence_from, finding_of
from trunks.rules.way_pairs import WantedForm, forms_to_prove
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.results import RunResult
from trunks.runs.ways.results import WayFound

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
SRV_ALONE = Dialled()
FIRST = f"{ONE}:5060/udp"


def led_on(*addresses: str) -> Report:
    """Make a report of a name whose SRV records lead to these."""
    report = report_of(*addresses, host="sip1.carrier.example")
    return replace(report, edges=tuple(replace(each, priority=10) for each in report.edges))


def due(installed: Installed, claimed: ClaimedRun, report: Report) -> list[WantedForm]:
    """Set out for what is due, as a run does behind its verdict."""
    desk = installed.store.installation.runs.form_desk
    assert desk is not None
    found = finding_of(report, claimed.first.target(), dialled=SRV_ALONE)
    taken = desk.take(
        claimed.first.destination_id, forms_to_prove(evidence_from(found, claimed.first.target()))
    )
    return [each for forms in taken for each in forms]


def heard(claimed: ClaimedRun, wanted: WantedForm, *, same: bool, silent: bool = False) -> HeardForm:
    return HeardForm(
        claimed.first.destination_id,
        wanted.form,
        wanted.edge.name,
        wanted.host,
        same=same,
        silent=silent,
        said="200 OK" if same else "403 Forbidden",
    )


def finish(
    installed: Installed, claimed: ClaimedRun, report: Report, answers: Sequence[HeardForm] = ()
) -> None:
    result = RunResult(claimed, report, ways=[WayFound(SRV_ALONE, answers)])
    assert installed.store.installation.runs.claims.finish([result]) == [True]


def ask(installed: Installed, trunk: Trunk, *, same: bool, silent: bool = False) -> list[WayForm]:
    """Verify, and give the forms that were asked: what follows a form that holds is not."""
    claimed = claim(installed, trunk)
    taken = due(installed, claimed, led_on(ONE))
    asked = taken[:1] if same else taken
    answers = [heard(claimed, each, same=same, silent=silent) for each in asked]
    finish(installed, claimed, led_on(ONE), answers)
    installed.store.installation.runs.way_turns.tend()
    return [each.form for each in asked]


def test_one_asks_for_all_and_the_others_follow(installed: Installed) -> None:
    first, second = installed.make_trunk(), installed.make_trunk("+14155551235", name="Second")
    asks, waits = claim(installed, first), claim(installed, second)
    report = led_on(ONE, TWO)
    taken = due(installed, asks, report)
    assert [(each.form, each.edge.address) for each in taken] == [
        (WayForm.ROUTE, ONE),
        (WayForm.TARGET, ONE),
        (WayForm.ROUTE, TWO),
        (WayForm.TARGET, TWO),
    ]
    assert due(installed, waits, report) == []
    finish(installed, waits, report)
    assert shown(installed, second)[0] is None  # nothing stands yet
    finish(installed, asks, report, [heard(asks, taken[0], same=True)])
    turns = installed.store.installation.runs.way_turns
    assert turns.tend() == 1
    assert turns.tend() == 0
    ways = [way_of(installed, each) for each in (first, second)]
    assert ways == [(WayForm.ROUTE, FIRST), (WayForm.ROUTE, FIRST)]


def way_of(installed: Installed, trunk: Trunk) -> tuple[WayForm, str | None]:
    with installed.store.installation.database.read() as session:
        way = OutboundWays(session).of([trunk.id])[trunk.id].way
    return way.form, None if way.edge is None else way.edge.name


def test_of_workers_that_look_at_once_one_asks(installed: Installed) -> None:
    """Each has a store of its own, as processes have; first with no row yet, and then a day later."""
    claimed = claim(installed, installed.make_trunk())
    report, destination_id = led_on(ONE, TWO), claimed.first.destination_id
    found = finding_of(report, claimed.first.target(), dialled=SRV_ALONE)
    wanted = forms_to_prove(evidence_from(found, claimed.first.target()))
    settings = installed.store.installation.settings
    with ExitStack() as stack:
        workers = [
            stack.enter_context(closing(Installation(settings, clock=installed.store.clock)))
            for _ in range(4)
        ]
        threads = stack.enter_context(ThreadPoolExecutor(len(workers)))
        for _ in range(2):
            together = threading.Barrier(len(workers))

            def look(worker: Installation, together: threading.Barrier = together) -> list[WantedForm]:
                assert worker.runs.form_desk is not None
                together.wait()
                return [
                    each for forms in worker.runs.form_desk.take(destination_id, wanted) for each in forms
                ]

            taken = [each.asked() for of_one in threads.map(look, workers) for each in of_one]
            assert sorted(taken, key=repr) == sorted(
                (each.asked() for forms in wanted for each in forms), key=repr
            )
            installed.store.clock.advance(DAY)


def test_it_is_asked_once_a_day(installed: Installed) -> None:
    trunk = installed.make_trunk()
    clock = installed.store.clock
    assert ask(installed, trunk, same=True) == [WayForm.ROUTE]
    for _ in range(5):
        clock.advance(4 * HOUR)
        assert ask(installed, trunk, same=True) == []
    clock.advance(5 * HOUR)
    assert ask(installed, trunk, same=True) == [WayForm.ROUTE]
    assert way_of(installed, trunk) == (WayForm.ROUTE, FIRST)


def test_one_lost_answer_takes_no_way_away(installed: Installed) -> None:
    trunk = installed.make_trunk()
    clock = installed.store.clock
    ask(installed, trunk, same=True)
    clock.advance(DAY)
    assert ask(installed, trunk, same=False, silent=True) == [WayForm.ROUTE, WayForm.TARGET]
    assert way_of(installed, trunk) == (WayForm.ROUTE, FIRST)
    clock.advance(11 * MINUTE)
    assert ask(installed, trunk, same=False, silent=True) == [WayForm.ROUTE]
    assert way_of(installed, trunk)[0] is WayForm.PARKED
    clock.advance(HOUR)
    ask(installed, trunk, same=True)
    assert way_of(installed, trunk) == (WayForm.ROUTE, FIRST)


def test_whoever_is_killed_is_followed_by_another(installed: Installed) -> None:
    trunk = installed.make_trunk()
    first = claim(installed, trunk)
    assert due(installed, first, led_on(ONE))
    assert due(installed, first, led_on(ONE)) == []
    installed.store.clock.advance(61)
    assert due(installed, first, led_on(ONE))


def test_edges_that_are_gone_are_forgotten(installed: Installed) -> None:
    trunk = installed.make_trunk()
    ask(installed, trunk, same=True)
    installed.store.clock.advance(9 * DAY)
    claimed = claim(installed, trunk)
    (wanted, _) = due(installed, claimed, led_on(TWO))
    finish(installed, claimed, led_on(TWO), [heard(claimed, wanted, same=True)])
    with installed.store.installation.database.read() as session:
        edges = set(session.scalars(select(FormProofRow.edge)))
    assert edges == {f"{TWO}:5060/udp"}
