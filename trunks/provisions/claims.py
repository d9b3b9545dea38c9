"""Provisioning as the worker has it: claimed by a lease, every write fenced by the claim."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.clock import Clock
from trunks.doorbell import next_notify_at
from trunks.ids import new_id
from trunks.models.provision import Provision, ProvisionOccasion, ProvisionState, ProvisionStatus
from trunks.models.trunk import Trunk
from trunks.provisions.drawing import draw
from trunks.provisions.pace import ProvisionPace
from trunks.provisions.requests import ProvisionRequests
from trunks.provisions.seen_host import SeenHost
from trunks.repositories.given_up_sides import GivenUpSides
from trunks.repositories.outbound_ways import gateway_in_use
from trunks.repositories.provisions import ProvisionParts, Provisions
from trunks.repositories.trunks import Flips, Trunks
from trunks.repositories.way_findings import WayFindings
from trunks.rules.trunk_state import Cause
from trunks.store.database import Database
from trunks.voice.blueprint import Blueprint, Leading
from trunks.voice.provision_trunk import DO_WITHIN_SECONDS, UNDO_WITHIN_SECONDS
from trunks.voice.provisioner import (
    FailureCause,
    NumberHeld,
    ProvisionerName,
    ProvisioningFailed,
    StoreBehind,
)
from trunks.voice.sides import SideIds, plain_number

LEASE_MARGIN_SECONDS = 10.0

_LEASE = timedelta(seconds=2 * DO_WITHIN_SECONDS + UNDO_WITHIN_SECONDS + LEASE_MARGIN_SECONDS)
# How often a number that another trunk gives up is looked for, and how long where nobody works on that trunk any more.
GIVEN_UP_LOOK_SECONDS = 1.0
_GIVEN_UP_WITHIN = timedelta(seconds=30)
_ROWS_PER_TURN = 100
_ERROR_CHARACTERS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionClaim:
    """A trunk's provisioning, ours until the lease ends; without a blueprint both sides are to go."""

    trunk_id: UUID
    claim_id: UUID
    revision: int
    generation: int | None
    blueprint: Blueprint | None
    known: SideIds
    requested_at: datetime
    destination_id: UUID | None = None
    given_up: frozenset[str] = frozenset()
    newer_revision: int | None = None


@dataclass(frozen=True, slots=True)
class ProvisionsTended:
    """Trunks to ring for, and those whose provisioning was taken from lost workers."""

    to_ring: tuple[UUID, ...]
    reclaimed: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class ProvisionClaims:
    database: Database
    provisioner: ProvisionerName
    leading: Leading
    clock: Clock
    pace: ProvisionPace

    def claim(self, trunk_id: UUID, *, asked_alone: bool = False) -> ProvisionClaim | None:
        """Claim what is queued for a trunk; None when nothing is, or with `asked_alone` nothing that a person asked
        for: the rest has its turn at the infrastructure's pace.
        """
        with self.database.write() as session:
            # Locked in the order of every other writer: the trunk first.
            Trunks(session).steady(trunk_id)
            provision = Provisions(session).locked(trunk_id)
            if provision is None or (asked_alone and provision.occasion is not ProvisionOccasion.ASKED):
                return None
            return next(iter(self._claim(session, [provision])), None)

    def claim_all(self, trunk_ids: Collection[UUID]) -> Sequence[ProvisionClaim]:
        """Claim what is queued for these; one that somebody is at in this moment has another turn."""
        with self.database.write() as session:
            free = Trunks(session).steady_free(trunk_ids)
            return self._claim(session, Provisions(session).locked_among(free))

    def _claim(self, session: Session, provisions: Sequence[Provision]) -> list[ProvisionClaim]:
        queued = [
            each
            for each in provisions
            if each.status is ProvisionStatus.QUEUED and each.provisioner is self.provisioner
        ]
        given_up = GivenUpSides(session).of_trunks(self.provisioner, [each.trunk_id for each in queued])
        claims = []
        for parts in Provisions(session).parts(queued):
            claim = self._drawn(parts, given_up.get(parts.provision.trunk_id, frozenset()))
            parts.provision.status = ProvisionStatus.RUNNING
            parts.provision.claim(claim.claim_id, self.clock() + _LEASE)
            if parts.provision.occasion is ProvisionOccasion.ASKED:
                self.pace.count(session)
            claims.append(claim)
        return claims

    def _drawn(self, parts: ProvisionParts, given_up: frozenset[str]) -> ProvisionClaim:
        provision, trunk = parts.provision, parts.trunk
        known = SideIds(provision.inbound_id, provision.outbound_id)
        return ProvisionClaim(
            trunk_id=provision.trunk_id,
            claim_id=new_id(),
            revision=provision.revision,
            generation=None if trunk is None else trunk.generation,
            blueprint=draw(parts, self.leading),
            known=known,
            # One that the trunk still has was to go once, and did not.
            newer_revision=provision.newer_revision,
            given_up=given_up - known.known,
            requested_at=provision.requested_at,
            destination_id=None if trunk is None else gateway_in_use(trunk, parts.way).destination_id,
        )

    def judged(self, claim: ProvisionClaim, seen: SeenHost) -> ProvisionClaim:
        """Keep what was seen of a name before its side is opened, so that reconciliation knows it, and bar the side."""
        target = None if claim.blueprint is None else claim.blueprint.unjudged
        bar = None if target is None else seen.bar(target.domain)
        if claim.blueprint is None or bar is None:
            return claim
        if claim.destination_id is not None:
            with self.database.write() as session:
                WayFindings(session).suspect(
                    claim.destination_id, seen.dialled, self.clock(), is_forbidden=seen.is_forbidden
                )
        return replace(claim, blueprint=replace(claim.blueprint, bar=bar))

    def finish(self, claim: ProvisionClaim, ids: SideIds) -> bool:
        """Record what exists now; false when more is to be done, or the claim is lost."""
        return self._end(claim, ids, None)

    def fail(self, claim: ProvisionClaim, failure: ProvisioningFailed) -> bool:
        """Record why it failed; what existed before exists still. False as in finish()."""
        return self._end(claim, None, failure)

    def _end(self, claim: ProvisionClaim, ids: SideIds | None, failure: ProvisioningFailed | None) -> bool:
        with self.database.write() as session:
            trunk = Trunks(session).locked(claim.trunk_id)
            provision = self._claimed(session, claim)
            if provision is None:
                return False
            now = self.clock()
            state = ProvisionState.FAILED
            if ids is not None:
                state = ProvisionState.PROVISIONED if ids.known else ProvisionState.ABSENT
                provision.inbound_id, provision.outbound_id = ids.inbound, ids.outbound
                GivenUpSides(session).forget(self.provisioner, ids.known)
                provision.generation = claim.generation if ids.known else None
            if failure is None and claim.blueprint is not None and claim.blueprint.no_way is not None:
                # Both sides stand; calls are ended at once.
                failure = ProvisioningFailed(FailureCause.NO_WAY, claim.blueprint.no_way)
            if isinstance(failure, StoreBehind):
                provision.newer_revision = failure.revision
            _change_state(session, trunk, provision, state, failure, now)
            provision.release()
            provision.finished_at = now
            if provision.revision != claim.revision:
                _queue_again(provision, now)
                return False
            provision.status = ProvisionStatus.DONE
            provision.way_waits = False
            if trunk is None and state is ProvisionState.ABSENT:
                Provisions(session).remove(provision)
            return True

    def is_given_up(self, claim: ProvisionClaim, held: NumberHeld) -> bool:
        """Whether a number that another trunk has will be free in a moment; false when that one keeps it."""
        with self.database.read() as session:
            if self._keeps(session, held):
                return False
            is_open = bool(Provisions(session).open_among([held.holder]))
            return is_open or self.clock() - claim.requested_at <= _GIVEN_UP_WITHIN

    def put_off(self, claim: ProvisionClaim, standing: SideIds) -> None:
        """Queue again what waits for such a number, with what exists meanwhile; whoever puts it off rings for it after
        GIVEN_UP_LOOK_SECONDS.
        """
        with self.database.write() as session:
            provision = self._claimed(session, claim)
            if provision is not None:
                now = self.clock()
                provision.inbound_id, provision.outbound_id = standing.inbound, standing.outbound
                _queue_again(provision, now)
                provision.notify_at = now + timedelta(seconds=GIVEN_UP_LOOK_SECONDS)

    def _keeps(self, session: Session, held: NumberHeld) -> bool:
        provision = Provisions(session).of(held.holder)
        if provision is None:
            return False
        (parts,) = Provisions(session).parts([provision])
        blueprint = draw(parts, self.leading)
        if blueprint is None or not blueprint.profile.inbound_enabled:
            return False
        return plain_number(held.number) in map(plain_number, blueprint.numbers)

    def release(self, claim: ProvisionClaim) -> None:
        """Give back what a stopping worker broke off: the next one takes over what stands already."""
        with self.database.write() as session:
            provision = self._claimed(session, claim)
            if provision is not None:
                _queue_again(provision, self.clock())

    def begin(self) -> tuple[UUID, ...]:
        """Ask for the sides of trunks that have become active, and give those to ring for."""
        if self.provisioner is ProvisionerName.NONE:
            return ()
        with self.database.read() as session:
            begun = tuple(Provisions(session).active_without(limit=_ROWS_PER_TURN))
        if begun:
            with self.database.write() as session:
                for trunk_id in begun:
                    ProvisionRequests(session, self.provisioner).request(trunk_id, self.clock())
        return begun

    def tend(self) -> ProvisionsTended:
        """Take back what has lost its worker, begin with trunks that became active, and list what to ring for."""
        if self.provisioner is ProvisionerName.NONE:
            return ProvisionsTended((), ())
        begun = self.begin()
        with self.database.write() as session:
            now = self.clock()
            provisions = Provisions(session)
            expired = provisions.expired(now, limit=_ROWS_PER_TURN)
            for provision in expired:
                _queue_again(provision, now)
            session.flush()
            return ProvisionsTended(
                (*begun, *_to_ring(provisions.message_lost(now, limit=_ROWS_PER_TURN), now)),
                tuple(provision.trunk_id for provision in expired),
            )

    def _claimed(self, session: Session, claim: ProvisionClaim) -> Provision | None:
        provision = Provisions(session).locked(claim.trunk_id)
        if provision is None or provision.claim_id != claim.claim_id:
            return None
        return provision


def _change_state(
    session: Session,
    trunk: Trunk | None,
    provision: Provision,
    state: ProvisionState,
    failure: ProvisioningFailed | None,
    now: datetime,
) -> None:
    """Set the state with its error and, where they are others than before, note the trunk's flip."""
    # The customer reads it in the events; the worker's log has the rest.
    error = None if failure is None else _storable(failure.told)
    changed: dict[str, list[str | None]] = {}
    if provision.state is not state:
        changed["provisioning"] = [provision.state.value, state.value]
    if provision.error != error:
        changed["provisioning_error"] = [provision.error, error]
    if changed and trunk is not None:
        Flips(session).record({trunk.id: trunk.generation}, Cause.PROVISIONING, changed, now)
    provision.state, provision.error = state, error
    provision.cause = None if failure is None else failure.cause


def _queue_again(provision: Provision, now: datetime) -> None:
    provision.status = ProvisionStatus.QUEUED
    provision.release()
    provision.notify_at = now


def _to_ring(provisions: Sequence[Provision], now: datetime) -> list[UUID]:
    for provision in provisions:
        provision.notify_at = next_notify_at(now)
    return [provision.trunk_id for provision in provisions]


def _storable(text: str) -> str:
    # An infrastructure's words may hold what no column of text takes.
    return text.encode("utf-8", errors="replace").decode("utf-8").replace("\x00", "")[:_ERROR_CHARACTERS]
