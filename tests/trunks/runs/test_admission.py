"""What is settled of a run whose gateway is asked in several rounds, wherever it is broken off."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from sipcheck.dns.route import Edge
from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.target import TransportName
from tests.trunks.forms import STARTED, make_report
from trunks.ids import new_id
from trunks.runs.admission import Admissions
from trunks.runs.kept_back import KeptBack
from trunks.runs.knock_ledger import PASSWORD_AT_WORST
from trunks.runs.open_slots import OpenSlots
from trunks.runs.wishes import Admission

EDGE = Edge("198.51.100.7", "198.51.100.7", 5060, TransportName.UDP)
ALIVE = make_report(Outcome.REACHABLE, Reason.ALIVE, credentials=CredentialState.NOT_TESTED)


class Store:
    """Grants all."""

    paced = True
    kept_back = KeptBack()

    async def admit(self, _: object) -> Admission:
        return Admission(granted=True)

    async def free_slot(self, *_: object) -> None:
        pass


@pytest.fixture
def admissions() -> Admissions:
    store: Any = Store()
    claim: Any = SimpleNamespace(
        claim_id=new_id(),
        environment_id=new_id(),
        lease_until=STARTED,
        on_demand=True,
        put_off=False,
        proven_at=frozenset(),
        first=SimpleNamespace(sealed_password=b"sealed"),
        learned_realms=(),
    )
    gateway: Any = SimpleNamespace(destination_id=new_id())
    return Admissions(store, claim, gateway, "a" * 64, OpenSlots(store, claim.claim_id))


@pytest.mark.parametrize("password_left", [True, False])
@pytest.mark.parametrize("heard", [0, 1, 2])
async def test_a_round_that_nobody_heard_of_stands_at_its_worst(
    admissions: Admissions, heard: int, password_left: bool
) -> None:
    """Two gateways, of which the other one is silent: this one is asked again, with the credentials."""
    for number in range(2):
        await admissions.admit([EDGE])
        if number < heard:
            admissions.heard(ALIVE)
    (settled,) = admissions.knocked(password_left=password_left)
    unheard = 2 - heard
    assert [each.address for each in settled.seen] == [EDGE.address] * unheard
    assert sum(each.refused for each in settled.seen) == unheard * password_left
    assert all((each.weight > PASSWORD_AT_WORST) is password_left for each in settled.seen)
    (spent,) = admissions.spent()
    # One OPTIONS and two REGISTER a round; what was heard of had sent nothing.
    assert spent.granted == Counter({EDGE.address: 6})
    assert spent.sent == (None if heard == 0 else Counter({EDGE.address: 3 * unheard} if unheard else {}))
