"""A rejected password is kept from calls, unless its carrier rejects everybody; it comes back by proof or edit."""

from dataclasses import replace

import pytest

from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.report.model import Report
from tests.trunks.forms import PASSWORD, make_report
from tests.trunks.provisions.installed import Installed
from tests.trunks.provisions.test_ways import ONE, report_of, verify, view
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.models.trunk import Trunk
from trunks.runs.results import RunResult

MINUTE, HOUR = 60.0, 3600.0


def rejected() -> Report:
    refused = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)
    return replace(refused, edges=report_of(ONE).edges)


async def make_proven(installed: Installed, count: int) -> list[Trunk]:
    trunks = [
        installed.make_trunk(f"+1415555{number:04}", name=f"Trunk {number}", domain=f"c{number}.example")
        for number in range(count)
    ]
    for trunk in trunks:
        verify(installed, trunk, report_of(ONE))
        await installed.work(trunk)
    return trunks


async def tend(installed: Installed, trunks: list[Trunk], after_seconds: float) -> int:
    """Let time pass, and sides follow what is decided then; give how many runs were queued."""
    installed.store.clock.advance(after_seconds)
    tries = installed.store.installation.runs.password_turns.tend()
    turns = installed.store.installation.provisions.pace.take(limit=100)
    for trunk in trunks:
        if trunk.id in turns:
            await installed.work(trunk)
    return tries


def end_tries(installed: Installed, report: Report) -> int:
    """Play the worker that does them."""
    claims = installed.store.installation.runs.claims
    runs = [each for each in claims.claim(limit=100).runs if each.scheduled]
    assert all(each.explicit for each in runs)
    for each in runs:
        assert claims.finish([RunResult(each, report)]) == [True]
    return len(runs)


def passwords(installed: Installed, trunks: list[Trunk]) -> list[str]:
    """What the outbound sides send, in the order of the trunks."""
    by_id = installed.server.outbound
    return [by_id[view(installed, trunk).sides.outbound or ""].auth_password for trunk in trunks]


async def test_a_carrier_that_rejects_everybody_for_an_hour_takes_no_password(installed: Installed) -> None:
    trunks = await make_proven(installed, 4)
    for trunk in trunks:
        installed.store.clock.advance(MINUTE)
        verify(installed, trunk, rejected())
    for _ in range(3):
        assert await tend(installed, trunks, 15 * MINUTE) == 0
        assert passwords(installed, trunks) == [PASSWORD] * 4
    assert await tend(installed, trunks, 15 * MINUTE) == 4
    assert end_tries(installed, report_of(ONE)) == 4
    assert passwords(installed, trunks) == [PASSWORD] * 4
    for _ in range(3):
        assert await tend(installed, trunks, 9 * HOUR) == 0
    assert passwords(installed, trunks) == [PASSWORD] * 4
    assert (await installed.judge()).found == ()


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_one_customers_changed_password_is_kept_from_calls_until_he_enters_it(
    installed: Installed,
) -> None:
    trunks = await make_proven(installed, 3)
    verify(installed, trunks[0], rejected())
    await tend(installed, trunks, 14 * MINUTE)
    assert passwords(installed, trunks) == [PASSWORD] * 3
    await tend(installed, trunks, MINUTE)
    assert passwords(installed, trunks) == ["", PASSWORD, PASSWORD]
    inbound_id = view(installed, trunks[0]).sides.inbound
    assert installed.server.inbound[inbound_id or ""].auth_password == PASSWORD
    shown = view(installed, trunks[0]).way
    assert (shown.withholds_password, shown.callable) == (True, False)
    assert (await installed.judge()).found == ()
    # Rejected again at each try, it stays so, and no more than three times.
    for _ in range(5):
        await tend(installed, trunks, 12 * HOUR)
        end_tries(installed, rejected())
    tries = [each for each in installed.store.flips(trunks[0].id) if "outbound_password" in each.changes]
    assert [each.changes["outbound_password"] for each in tries] == [["sent", "withheld"]]
    updates = installed.store.installation.catalog.updates
    updates.apply(installed.store.caller, trunks[0].id, TrunkEdit(password="another"))
    await installed.work(trunks[0])
    assert passwords(installed, trunks) == ["another", PASSWORD, PASSWORD]
    assert not view(installed, trunks[0]).way.withholds_password


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_what_went_before_the_others_were_rejected_comes_back(installed: Installed) -> None:
    trunks = await make_proven(installed, 3)
    verify(installed, trunks[0], rejected())
    await tend(installed, trunks, 15 * MINUTE)
    assert passwords(installed, trunks) == ["", PASSWORD, PASSWORD]
    for trunk in trunks[1:]:
        verify(installed, trunk, rejected())
    await tend(installed, trunks, 15 * MINUTE)
    assert passwords(installed, trunks) == [PASSWORD] * 3
    # And a password that was withheld alone comes back with its proof.
    verify(installed, trunks[1], report_of(ONE))
    verify(installed, trunks[2], report_of(ONE))
    await tend(installed, trunks, 2 * HOUR)
    assert end_tries(installed, rejected()) == 1
    await tend(installed, trunks, 15 * MINUTE)
    assert passwords(installed, trunks) == ["", PASSWORD, PASSWORD]
    await tend(installed, trunks, 4 * HOUR)
    assert end_tries(installed, report_of(ONE)) == 1
    await tend(installed, trunks, 1.0)
    assert passwords(installed, trunks) == [PASSWORD] * 3
