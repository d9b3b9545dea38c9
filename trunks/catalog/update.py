"""Edits of customers' trunks: what changes, what that makes void, and how it is taken back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import CredentialState
from sipcheck.target import HostPort, parse_host_port
from trunks.catalog.gateways import find_destination, make_gateway
from trunks.catalog.new_trunk import NewGateway
from trunks.catalog.number_claims import ClaimDesk
from trunks.catalog.phone_numbers import replace_line, replace_numbers
from trunks.catalog.snapshot import copy_trunk
from trunks.catalog.take_back import EditTaken, TakingBack
from trunks.catalog.trunk_edit import UNSET, TrunkEdit, Unset
from trunks.catalog.views import TrunkView, view_of
from trunks.catalog.whole_trunk import read_whole
from trunks.clock import Clock
from trunks.errors import (
    NameTaken,
    SecretUnreadable,
    StillBeingChanged,
    StillBeingMade,
    TrunkExists,
    TrunkNotFound,
)
from trunks.health.verification_liveness import VerificationLiveness
from trunks.models.state_columns import read_state
from trunks.models.trunk import Trunk
from trunks.provisions.requests import ProvisionRequests
from trunks.provisions.wanted_sides import WantedSides
from trunks.repositories.account_proofs import AccountProofs
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.provisions import Provisions
from trunks.repositories.tenants import Environments
from trunks.repositories.trunk_profiles import TrunkProfiles
from trunks.repositories.trunks import Trunks, owned
from trunks.repositories.verifications import Verifications
from trunks.rules.intervals import HealthIntervals
from trunks.rules.phone_numbers import key_of
from trunks.rules.profile import TrunkProfile
from trunks.rules.trunk_state import Cause, after_edit, after_switch
from trunks.rules.whole_trunk import judge_change
from trunks.runs.queue import queue_unasked
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller
from trunks.voice.provisioner import ProvisionerName
from trunks.voice.sides import DesiredTrunk

# An edit that is worked out from the trunk as it is when nobody else can change it any more.
EditOf = Callable[[TrunkView], TrunkEdit]


@dataclass(frozen=True, slots=True)
class Edited:
    """`moved` says that connectivity changed; `provisioning` that the infrastructure is to follow.

    `run_id` is of a run that was queued for it, where one was wanted and none was open.
    """

    trunk: Trunk
    moved: bool
    provisioning: bool
    taken: EditTaken
    run_id: UUID | None = None

    @property
    def changed_nothing(self) -> bool:
        """Whether the trunk was so before."""
        return not self.moved and self.taken.before == self.taken.after


@dataclass(frozen=True, slots=True)
class TrunkUpdates:
    database: Database
    secrets: SecretBox
    provisioner: ProvisionerName
    sides: WantedSides
    health_pace: HealthIntervals
    clock: Clock
    allow_wide_lists: bool = False

    def apply(
        self,
        caller: Caller,
        trunk_id: UUID,
        edit: TrunkEdit | EditOf,
        *,
        alone: bool = False,
        verify: bool = False,
        follow_seconds: float | None = None,
    ) -> Edited:
        """Change a trunk, all of it or nothing.

        `alone` keeps off whoever else changes what one trunk alone may have: a name, or a line. With `verify` a run is
        queued for a change of connectivity, which whoever changed it asks for then. Whoever waits `follow_seconds` for
        the infrastructure, and takes the edit back where that does not follow, is alone in that until let_go(): of two
        such edits the later one would go back to what the first one tried. Raises StillBeingChanged, TrunkNotFound,
        TrunkContradictory, TrunkExists, TrunkNotVerified, NumberTaken, NumberInUse, NumberInUseElsewhere,
        TooManyNumbers, NameTaken, and what the edit raises
        that is worked out from present values: these are the values under the trunk's lock, so that of two edits at
        once the later one is judged on what the other one made.

        What is sent as it is already, a password included, is no change and makes nothing void.
        """
        with self.database.write() as session:
            if alone:
                # Before the trunk, as whoever creates one has it.
                Environments(session).lock(caller.environment_id)
            trunk = owned(Trunks(session).locked(trunk_id), caller.environment_id)
            if not isinstance(edit, TrunkEdit):
                edit = edit(view_of(session, trunk))
            with_numbers = edit.numbers is not UNSET or edit.line is not UNSET
            before = copy_trunk(session, trunk, with_numbers=with_numbers)
            sides = self.sides.of(session, trunk_id)
            was = read_whole(trunk, before.profile, wide=self.allow_wide_lists)
            moved = self._edit(session, trunk, edit)
            profile = replace(before.profile, **edit.profile)
            judge_change(was, read_whole(trunk, profile, wide=self.allow_wide_lists))
            _refuse_second(session, trunk, profile, edit)
            if edit.wanted is not UNSET:
                switched = after_switch(read_state(trunk), wanted=edit.wanted)
                Trunks(session).change_state(trunk, switched, Cause.CUSTOMER, self.clock())
            if edit.numbers is not UNSET:
                replace_numbers(session, trunk, edit.numbers, self.clock())
            if edit.line is not UNSET:
                replace_line(session, trunk, edit.line, self.clock())
            if with_numbers or "extension" in edit.profile:
                self._settle_claims(session, trunk, profile, len(before.numbers))
            if edit.health_interval_seconds is not UNSET:
                self._take_up(session, trunk)
            follows = self._follow(session, trunk_id, sides)
            if follows and follow_seconds is not None:
                self._be_followed(session, trunk_id, timedelta(seconds=follow_seconds))
            after = copy_trunk(session, trunk, with_numbers=with_numbers)
            run_id = queue_unasked(session, trunk, self.clock()) if moved and verify else None
            return Edited(trunk, moved, follows, EditTaken(before, after, self.clock()), run_id)

    def let_go(self, trunk_id: UUID) -> None:
        """Leave an edit as it is: the infrastructure has followed."""
        with self.database.write() as session:
            _let_go(session, trunk_id)

    def take_back(self, edited: Edited) -> bool:
        """Take an edit back, as far as it still stands; true when the trunk has to be verified then.

        Raises TrunkNotFound, when it was removed since.
        """
        with self.database.write() as session:
            trunk = Trunks(session).locked(edited.trunk.id)
            if trunk is None:
                raise TrunkNotFound
            to_verify = TakingBack(session, trunk, edited.taken, self.clock()).restore()
            self._take_up(session, trunk)
            session.flush()
            extension = TrunkProfiles(session).of(trunk.id).extension
            ClaimDesk(session, self.provisioner, self.clock()).settle_what_is_left(trunk, extension)
            ProvisionRequests(session, self.provisioner).changed(trunk.id, self.clock())
            _let_go(session, trunk.id)
            if to_verify:
                queue_unasked(session, trunk, self.clock())
            elif edited.run_id is not None:
                Verifications(session).withdraw(edited.run_id, self.clock())
            return to_verify

    def _settle_claims(self, session: Session, trunk: Trunk, profile: TrunkProfile, had: int) -> None:
        session.flush()
        desk = ClaimDesk(session, self.provisioner, self.clock())
        if PhoneNumbers(session).count_of([trunk.id]).get(trunk.id, 0) > had:
            desk.require_room(trunk.environment_id, 0)
        desk.settle(trunk, profile.extension)

    def _follow(self, session: Session, trunk_id: UUID, sides: DesiredTrunk | str | None) -> bool:
        """Ask for what differs from these sides; false where nothing does."""
        session.flush()
        if self.sides.of(session, trunk_id) == sides:
            return False
        return ProvisionRequests(session, self.provisioner).changed(trunk_id, self.clock())

    def _be_followed(self, session: Session, trunk_id: UUID, wait: timedelta) -> None:
        provision, now = Provisions(session).locked(trunk_id), self.clock()
        if provision is None:
            return
        if provision.followed_until is not None and provision.followed_until > now:
            raise StillBeingChanged
        provision.followed_until = now + wait

    def _take_up(self, session: Session, trunk: Trunk) -> None:
        now = self.clock()
        liveness = VerificationLiveness(session, self.health_pace)
        liveness.take_up(trunk, [gateway.destination_id for gateway in trunk.gateways], now)
        liveness.write(now)

    def _edit(self, session: Session, trunk: Trunk, edit: TrunkEdit) -> bool:
        state = read_state(trunk)
        described = [
            _set(trunk, "name", edit.name),
            _set(trunk, "provider_name", edit.provider_name),
            _set(trunk, "health_interval_seconds", edit.health_interval_seconds),
            _set(trunk, "proof", edit.proof),
            self._change_profile(session, trunk, edit),
        ]
        connectivity = [
            self._move(session, trunk, edit),
            _set(trunk, "username", edit.username),
            _set(trunk, "auth_realm", edit.auth_realm),
            self._change_password(trunk, edit.password),
        ]
        moved = any(connectivity)
        if moved:
            trunk.generation += 1
            trunk.credentials = CredentialState.NOT_TESTED
            AccountProofs(session).leave(trunk.id, [each.destination_id for each in trunk.gateways])
        if moved or any(described):
            trunk.updated_at = self.clock()
        Trunks(session).change_state(trunk, after_edit(state, connectivity=moved), Cause.EDIT, self.clock())
        return moved

    def _change_profile(self, session: Session, trunk: Trunk, edit: TrunkEdit) -> bool:
        if not edit.profile:
            return False
        profiles = TrunkProfiles(session)
        old = profiles.of(trunk.id)
        new = replace(old, **edit.profile)
        if new == old:
            return False
        profiles.keep(trunk.id, new)
        return True

    def _move(self, session: Session, trunk: Trunk, edit: TrunkEdit) -> bool:
        """Change where the trunk's gateways are; another spelling of the same destination moves nothing.

        The transport is that of all, as every dialect that writes it shows it; ports that were given stay.
        """
        first = trunk.gateways[0]
        written: str | Unset | None = (
            str(edit.outbound_proxy) if isinstance(edit.outbound_proxy, HostPort) else edit.outbound_proxy
        )
        changed = [
            _set(first, "host", edit.domain),
            _set(first, "port", edit.port),
            *[_set(each, "transport", edit.transport) for each in trunk.gateways],
            _set(trunk, "outbound_proxy", written),
        ]
        proxy = None if trunk.outbound_proxy is None else parse_host_port(trunk.outbound_proxy)
        if edit.gateways is not UNSET:
            return self._replace_gateways(session, trunk, edit.gateways, proxy)
        if not any(changed):
            return False
        now = self.clock()
        trunk.updated_at = now
        moved = [find_destination(session, gateway, proxy, now) for gateway in trunk.gateways]
        return any(moved)

    def _replace_gateways(
        self, session: Session, trunk: Trunk, gateways: tuple[NewGateway, ...], proxy: HostPort | None
    ) -> bool:
        now = self.clock()
        old = sorted((each.priority, str(each.destination_id)) for each in trunk.gateways)
        led_since = {each.destination_id: each.led_since for each in trunk.gateways}
        trunk.gateways = [make_gateway(session, gateway, proxy, now) for gateway in gateways]
        for gateway in trunk.gateways:
            gateway.led_since = led_since.get(gateway.destination_id, now)
        trunk.updated_at = now
        return old != sorted((each.priority, str(each.destination_id)) for each in trunk.gateways)

    def _change_password(self, trunk: Trunk, password: str | Unset | None) -> bool:
        if password is UNSET:
            return False
        if password is None:
            return _set(trunk, "sealed_password", None)
        if self._is_password(trunk, password):
            return False
        trunk.sealed_password = self.secrets.seal(password, trunk.id)
        return True

    def _is_password(self, trunk: Trunk, password: str) -> bool:
        if trunk.sealed_password is None:
            return False
        try:
            return self.secrets.open(trunk.sealed_password, trunk.id) == password
        except SecretUnreadable:  # sent anew is how a customer repairs that
            return False


def _let_go(session: Session, trunk_id: UUID) -> None:
    provision = Provisions(session).locked(trunk_id)
    if provision is not None:
        provision.followed_until = None


def _refuse_second(session: Session, trunk: Trunk, profile: TrunkProfile, edit: TrunkEdit) -> None:
    """Refuse a name or a line that another trunk has. Raises NameTaken, TrunkExists, StillBeingMade."""
    trunks, environment_id = Trunks(session), trunk.environment_id
    if edit.name_is_unique and trunks.named(environment_id, trunk.name, but=trunk.id):
        raise NameTaken
    lines = _lines(profile, edit)
    moved = (edit.username, edit.domain, edit.gateways, edit.line, edit.profile.get("extension", UNSET))
    if not lines or all(each is UNSET for each in moved):
        return
    for gateway in trunk.gateways:
        domain = parse_host_port(gateway.host).host
        there = trunks.same_line(
            environment_id, lines=lines, username=trunk.username, domain=domain, but=trunk.id
        )
        if there is not None:
            raise StillBeingMade if there.is_draft else TrunkExists


def _lines(profile: TrunkProfile, edit: TrunkEdit) -> list[str]:
    if profile.extension is not None:
        return [profile.extension]
    # A number that stays is nobody else's.
    new = None if edit.line is UNSET else edit.line.number
    return [] if new is None else [key_of(new.number)]


def _set(row: object, column: str, value: object) -> bool:
    if value is UNSET or getattr(row, column) == value:
        return False
    setattr(row, column, value)
    return True
