"""An edit that the voice infrastructure did not take, taken back: its own changes, where they still stand."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sipcheck.reasons import CredentialState
from sipcheck.target import parse_host_port
from trunks.catalog.gateways import make_gateway
from trunks.catalog.snapshot import (
    CONNECTING,
    TrunkSnapshot,
    copy_trunk,
    number_values,
    profile_values,
    to_restore,
)
from trunks.models.phone_number import PhoneNumber
from trunks.models.state_columns import read_state
from trunks.models.trunk import Trunk
from trunks.repositories.account_proofs import AccountProofs
from trunks.repositories.outbound_ways import OutboundWays
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.trunk_profiles import TrunkProfiles
from trunks.repositories.trunks import Trunks
from trunks.repositories.verifications import Verifications
from trunks.rules.trunk_state import Cause, created


@dataclass(frozen=True, slots=True)
class EditTaken:
    """What an edit changed, and when."""

    before: TrunkSnapshot
    after: TrunkSnapshot
    at: datetime


class TakingBack:
    """Works inside a transaction of its caller, which keeps every other writer off the trunk."""

    def __init__(self, session: Session, trunk: Trunk, taken: EditTaken, now: datetime) -> None:
        self._session = session
        self._trunk = trunk
        self._taken = taken
        self._now = now
        self._found = copy_trunk(session, trunk)

    def restore(self) -> bool:
        """Restore; true when the trunk has to be verified, since nobody knows how it is now."""
        before, after, found = self._taken.before, self._taken.after, self._found
        values = to_restore(before.values, after.values, found.values)
        for name, value in values.items():
            setattr(self._trunk, name, value)
        self._restore_profile()
        self._restore_numbers()
        self._trunk.updated_at = self._now
        gateways_stand = not before.leads_as(after) and found.leads_as(after)
        if gateways_stand or "outbound_proxy" in values:
            self._make_gateways(before if gateways_stand else found)
        if not gateways_stand and not values.keys() & set(CONNECTING):
            return False
        return self._restore_state()

    def _make_gateways(self, of: TrunkSnapshot) -> None:
        proxy = self._trunk.outbound_proxy
        led_by = None if proxy is None else parse_host_port(proxy)
        self._trunk.gateways = [make_gateway(self._session, each, led_by, self._now) for each in of.gateways]

    def _restore_state(self) -> bool:
        """Give what was known of the former configuration to a generation of its own: results for what was tried are
        void. Where a run of the former one ended meanwhile, or another edit is in it, nothing is known.
        """
        trunk, before = self._trunk, self._taken.before
        trunk.generation += 1
        known = self._is_the_former() and not self._was_judged_meanwhile()
        wanted = read_state(trunk).wanted
        trunk.credentials = before.credentials if known else CredentialState.NOT_TESTED
        trunk.living_generation = trunk.generation if known and before.was_living else None
        if known:
            AccountProofs(self._session).carry(trunk.id, before.generation, to=trunk.generation)
            OutboundWays(self._session).carry(trunk.id, before.generation, to=trunk.generation)
            Verifications(self._session).carry(trunk.id, before.generation, to=trunk.generation)
        state = replace(before.state, wanted=wanted) if known else created(wanted=wanted)
        Trunks(self._session).change_state(trunk, state, Cause.PROVISIONING, self._now)
        return not known

    def _is_the_former(self) -> bool:
        now, before = copy_trunk(self._session, self._trunk), self._taken.before
        same = all(now.values[name] == before.values[name] for name in CONNECTING)
        return same and now.leads_as(before)

    def _was_judged_meanwhile(self) -> bool:
        runs = Verifications(self._session)
        return runs.judged_since(self._trunk.id, self._taken.before.generation, self._taken.at)

    def _restore_profile(self) -> None:
        values = (self._taken.before.profile, self._taken.after.profile, self._found.profile)
        changed = to_restore(*map(profile_values, values))
        if changed:
            TrunkProfiles(self._session).keep(self._trunk.id, replace(self._found.profile, **changed))

    def _restore_numbers(self) -> None:
        before, after = self._taken.before.numbers, self._taken.after.numbers
        if before == after:
            return
        numbers = PhoneNumbers(self._session)
        there = {each.id: each for each in numbers.all_of([self._trunk.id])}
        for number in [there[each] for each in there.keys() & (after.keys() - before.keys())]:
            # In use already: whoever took it into use keeps it.
            if number.assigned_to is None and number_values(number) == after[number.id]:
                numbers.remove(number)
        for number_id in [each for each in before if each in after and each in there]:
            number = there[number_id]
            changed = to_restore(before[number_id], after[number_id], number_values(number))
            with self._unless_taken():
                for name, value in changed.items():
                    setattr(number, name, value)
        for number_id in before.keys() - after.keys() - there.keys():
            with self._unless_taken():
                numbers.add(PhoneNumber(trunk_id=self._trunk.id, updated_at=self._now, **before[number_id]))

    @contextmanager
    def _unless_taken(self) -> Iterator[None]:
        """Give a number back, unless another trunk has taken it meanwhile: then it is that one's."""
        with suppress(IntegrityError), self._session.begin_nested():
            yield
