"""An edit that is taken back gives back what it changed itself, and nothing of what happened meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.trunks.forms import Store, make_report
from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.catalog.update import Edited
from trunks.errors import TrunkNotFound
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification

FIRST, SECOND, THIRD = "+14155550001", "+14155550002", "+14155550003"
REJECTED = make_report(
    Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED, summary="Refused."
)

Shown = dict[str, Any]


@dataclass
class Edits:
    """A verified trunk with two numbers, and an edit of it that fails."""

    store: Store
    trunk: Trunk

    def apply(self, **change: Any) -> Edited:
        return self.store.installation.catalog.updates.apply(
            self.store.caller, self.trunk.id, TrunkEdit(**change)
        )

    def take_back(self, edited: Edited) -> bool:
        return self.store.installation.catalog.updates.take_back(edited)

    def begin_run(self) -> Callable[[], None]:
        """Let a run begin now, which is refused when it ends."""
        verification_id = self.store.installation.runs.requests.request(self.store.caller, self.trunk.id)
        claim = self.store.claim(verification_id)
        assert claim is not None
        return lambda: self.end(claim)

    def end(self, claim: Any) -> None:
        assert self.store.finish(claim, REJECTED)

    def numbers(self) -> dict[str, UUID]:
        view = self.store.installation.catalog.views.get(self.store.caller, self.trunk.id)
        return {each.number: each.id for each in view.numbers}

    def add(self, number: str, trunk: Trunk | None = None) -> UUID:
        numbers = self.store.installation.catalog.numbers
        return numbers.add(self.store.caller, (trunk or self.trunk).id, NewNumber(number=number)).id

    def shown(self) -> Shown:
        trunk = self.store.trunk(self.trunk.id)
        view = self.store.installation.catalog.views.get(self.store.caller, self.trunk.id)
        return {
            "name": trunk.name,
            "username": trunk.username,
            "wanted": trunk.wanted,
            "is_verified": trunk.is_verified,
            "last": None if view.last_verification is None else view.last_verification.reason,
            "credentials": trunk.credentials.value,
            "host": trunk.gateways[0].host,
            "nickname": view.profile.nickname,
            "description": view.profile.description,
            "numbers": [each.number for each in view.numbers],
        }


@pytest.fixture
def edits(store: Store) -> Edits:
    edits = Edits(store, store.make_trunk(wanted=True))
    edits.add(FIRST)
    edits.add(SECOND)
    verification_id = store.installation.runs.requests.request(store.caller, edits.trunk.id)
    claim = store.claim(verification_id)
    assert claim is not None
    assert store.finish(claim, make_report())
    store.clock.advance(1)
    return edits


def only(number: str) -> tuple[NewNumber, ...]:
    return (NewNumber(number=number),)


MOVED = {"domain": "other.example", "username": "bob"}
DESCRIBED = {"name": "Renamed", "profile": {"nickname": "Renamed"}, "numbers": only(THIRD)}


def nothing(edits: Edits) -> None:
    pass


def another_edit(**change: Any) -> Callable[[Edits], object]:
    return lambda edits: edits.apply(**change)


def a_number_more(edits: Edits) -> None:
    edits.add("+14155550009")


def the_new_one_in_use(edits: Edits) -> None:
    numbers, number_id = edits.store.installation.catalog.numbers, edits.numbers()[THIRD]
    numbers.assign(edits.store.caller, edits.trunk.id, number_id, "an agent")


def the_old_one_elsewhere(edits: Edits) -> None:
    edits.add(FIRST, edits.store.make_trunk(name="Another"))


@pytest.mark.parametrize(
    ("change", "meanwhile", "differs"),
    [
        (MOVED, nothing, {}),
        (DESCRIBED, nothing, {}),
        (DESCRIBED, another_edit(name="Mine"), {"name": "Mine"}),
        (DESCRIBED, another_edit(profile={"description": "Mine"}), {"description": "Mine"}),
        (DESCRIBED, another_edit(wanted=False), {"wanted": False}),
        (DESCRIBED, a_number_more, {"numbers": [FIRST, SECOND, "+14155550009"]}),
        (DESCRIBED, the_new_one_in_use, {"numbers": [FIRST, SECOND, THIRD]}),
        (DESCRIBED, the_old_one_elsewhere, {"numbers": [SECOND]}),
        (MOVED, another_edit(wanted=False), None),  # refused or not: the switch alone
        (MOVED, another_edit(profile={"nickname": "Mine"}), {"nickname": "Mine"}),
        (
            MOVED,
            another_edit(username="carol"),
            {"username": "carol", "is_verified": False, "credentials": "not-tested", "last": None},
        ),
        (
            MOVED,
            another_edit(domain="third.example"),
            {"host": "third.example", "is_verified": False, "credentials": "not-tested", "last": None},
        ),
    ],
)
def test_its_own_changes_alone_and_where_they_still_stand(
    edits: Edits, change: dict[str, Any], meanwhile: Callable[[Edits], object], differs: Shown | None
) -> None:
    before, ids = edits.shown(), edits.numbers()
    edited = edits.apply(**change)
    assert edits.shown() != before
    meanwhile(edits)
    edits.take_back(edited)
    expected = {"wanted": False} if differs is None else differs
    assert edits.shown() == before | expected
    # What came back is what it was: the first number is the line that autocalls shows.
    now = edits.numbers()
    assert {number: now[number] for number in now.keys() & ids.keys()} == {
        number: ids[number] for number in now.keys() & ids.keys()
    }


@pytest.mark.parametrize("change", [DESCRIBED, MOVED])
def test_a_proof_that_refuted_the_trunk_meanwhile_stands(edits: Edits, change: dict[str, Any]) -> None:
    before, refute = edits.shown(), edits.begin_run()
    edited = edits.apply(**change)
    refute()
    to_verify = edits.take_back(edited)
    shown = edits.shown()
    assert shown["is_verified"] is False
    assert shown | {"is_verified": True, "credentials": "proven", "last": before["last"]} == before
    assert shown["last"] is (None if change is MOVED else Reason.CREDENTIALS_REJECTED)
    # Of what was moved the run was void: it is verified anew.
    assert to_verify is (change is MOVED)


def test_what_was_found_of_the_tried_configuration_is_void(edits: Edits) -> None:
    before = edits.shown()
    edited = edits.apply(**MOVED)
    edits.begin_run()()
    assert not edits.take_back(edited)
    assert edits.shown() == before
    assert isinstance(edits.store.runs(edits.trunk.id)[0], Verification)


def test_a_trunk_that_was_removed_meanwhile_is_not_found(edits: Edits) -> None:
    edited = edits.apply(**DESCRIBED)
    edits.store.installation.catalog.trunks.remove(edits.store.caller, edits.trunk.id, with_numbers=True)
    with pytest.raises(TrunkNotFound):
        edits.take_back(edited)
