"""Trunks and their flips."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, and_, bindparam, delete, exists, select
from sqlalchemy.orm import Session, lazyload

from trunks.errors import TrunkNotFound
from trunks.models.account_proof import AccountProof
from trunks.models.destination import Destination
from trunks.models.flip import Flip
from trunks.models.phone_number import PhoneNumber
from trunks.models.realm_pin import RealmPin
from trunks.models.state_columns import read_state, write_state
from trunks.models.trunk import DRAFTS, Gateway, Trunk
from trunks.models.trunk_profile import TrunkProfileRow
from trunks.models.verification import Verification, VerificationStatus
from trunks.repositories.among import among, composed
from trunks.repositories.many_rows import enter_rows
from trunks.repositories.repository import Repository
from trunks.rules.trunk_state import Cause, HealthStatus, TrunkState, changes

TrunkRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkFilter:
    """Which trunks a list shows, by their columns; None shows both."""

    is_active: bool | None = None
    is_verified: bool | None = None
    health_status: HealthStatus | None = None


def owned(trunk: Trunk | None, environment_id: UUID) -> Trunk:
    """Give a trunk that is this tenant's and entered. Raises TrunkNotFound."""
    if trunk is None or trunk.environment_id != environment_id or trunk.is_draft:
        raise TrunkNotFound
    return trunk


_TABLE = Trunk.__table__
_OF_TRUNK = Gateway.__table__
_PROOFS = AccountProof.__table__
_PINS = RealmPin.__table__
_RUNS = Verification.__table__

_ONE = select(Trunk).where(
    Trunk.id == bindparam("trunk_id", type_=Uuid()),
    Trunk.environment_id == bindparam("environment_id", type_=Uuid()),
    Trunk.is_draft.is_(False),
)


def _locked(columns: Sequence[Any], *options: Any, skip_locked: bool) -> Callable[[Session], Select[Any]]:
    return composed(
        lambda among: (
            select(*columns)
            .where(among(Trunk.id))
            .order_by(Trunk.id)
            .with_for_update(key_share=True, of=Trunk, skip_locked=skip_locked)
            .options(*options)
        )
    )


_LOCKED = {each: _locked([Trunk], lazyload(Trunk.gateways), skip_locked=each) for each in (False, True)}
_LOCKED_ROWS = {
    each: _locked([_TABLE.c.id, _TABLE.c.environment_id, _TABLE.c.generation], skip_locked=each)
    for each in (False, True)
}
_STEADY = composed(
    lambda among: (
        select(
            _TABLE.c.id,
            _TABLE.c.generation,
            _TABLE.c.username,
            _TABLE.c.sealed_password,
            _TABLE.c.auth_realm,
            _TABLE.c.outbound_proxy,
            _TABLE.c.proof,
        )
        .where(among(_TABLE.c.id))
        .order_by(_TABLE.c.id)
        .with_for_update(read=True, skip_locked=True)
    )
)
# Of the last run that is done, of a trunk as it is configured now.
_LAST_REASON = (
    select(_RUNS.c.reason)
    .where(
        _RUNS.c.trunk_id == _TABLE.c.id,
        _RUNS.c.generation == _TABLE.c.generation,
        _RUNS.c.status == VerificationStatus.DONE,
    )
    .order_by(_RUNS.c.id.desc())
    .limit(1)
    .correlate(_TABLE)
    .scalar_subquery()
)
_GATEWAYS = composed(
    lambda among: (
        select(
            _OF_TRUNK.c.trunk_id,
            _OF_TRUNK.c.destination_id,
            _OF_TRUNK.c.host,
            _OF_TRUNK.c.port,
            _OF_TRUNK.c.transport,
            _PROOFS.c.generation.label("proven_generation"),
            _PROOFS.c.refused_at,
            _PROOFS.c.tried_at,
            _PINS.c.realms.label("learned_realms"),
            _LAST_REASON.label("last_reason"),
        )
        .join(_TABLE, _TABLE.c.id == _OF_TRUNK.c.trunk_id)
        .outerjoin(
            _PROOFS,
            and_(
                _PROOFS.c.trunk_id == _OF_TRUNK.c.trunk_id,
                _PROOFS.c.destination_id == _OF_TRUNK.c.destination_id,
            ),
        )
        .outerjoin(
            _PINS,
            and_(_PINS.c.destination_id == _OF_TRUNK.c.destination_id, _PINS.c.username == _TABLE.c.username),
        )
        .where(among(_OF_TRUNK.c.trunk_id))
        .order_by(_OF_TRUNK.c.trunk_id, _OF_TRUNK.c.priority, _OF_TRUNK.c.id)
    )
)


class Trunks(Repository):
    def add(self, trunk: Trunk) -> None:
        self._session.add(trunk)

    def get(self, environment_id: UUID, trunk_id: UUID) -> Trunk:
        """Find a trunk of this tenant. Raises TrunkNotFound, for another tenant's too."""
        return owned(self.of(environment_id, trunk_id), environment_id)

    def of(self, environment_id: UUID, trunk_id: UUID) -> Trunk | None:
        return self._session.scalar(_ONE, {"trunk_id": trunk_id, "environment_id": environment_id})

    def begun(self, environment_id: UUID, trunk_id: UUID) -> Trunk | None:
        """Find a trunk of this tenant that may be a draft, and keep every other writer off it."""
        trunk = self.locked(trunk_id)
        return trunk if trunk is not None and trunk.environment_id == environment_id else None

    def page(
        self, environment_id: UUID, shown: TrunkFilter, *, limit: int, before: UUID | None
    ) -> Sequence[Trunk]:
        """List a tenant's trunks, newest first, from the one before `before` on."""
        query = select(Trunk).where(Trunk.environment_id == environment_id, Trunk.is_draft.is_(False))
        wanted = {name: value for name, value in asdict(shown).items() if value is not None}
        query = query.filter_by(**wanted)
        return self._newest(query, Trunk, limit=limit, before=before)

    def named(self, environment_id: UUID, name: str, *, but: UUID | None = None) -> bool:
        """Whether a tenant has a trunk of this name, beside the one given."""
        others = [] if but is None else [Trunk.id != but]
        return self._exists(
            Trunk.environment_id == environment_id, Trunk.name == name, Trunk.is_draft.is_(False), *others
        )

    def places(self, environment_id: UUID, names: Collection[str]) -> dict[tuple[str, str], set[str | None]]:
        """List where the tenant's trunks of these names lead: name and domain, each with its users."""
        rows = self._session.execute(
            select(Trunk.name, Destination.domain, Trunk.username)
            .join(Gateway, Gateway.trunk_id == Trunk.id)
            .join(Destination, Destination.id == Gateway.destination_id)
            .where(Trunk.environment_id == environment_id, Trunk.name.in_(names), Trunk.is_draft.is_(False))
        )
        found: dict[tuple[str, str], set[str | None]] = {}
        for name, domain, username in rows:
            found.setdefault((name, domain), set()).add(username)
        return found

    def same_line(
        self,
        environment_id: UUID,
        *,
        lines: Sequence[str],
        username: str | None,
        domain: str,
        but: UUID | None = None,
    ) -> Trunk | None:
        """Find a tenant's trunk, or draft, at this domain, of this user, with one of these numbers or extensions,
        beside the one given.
        """
        number = exists().where(PhoneNumber.trunk_id == Trunk.id, PhoneNumber.key.in_(lines))
        extension = exists().where(TrunkProfileRow.trunk_id == Trunk.id, TrunkProfileRow.extension.in_(lines))
        at_domain = and_(Destination.id == Gateway.destination_id, Destination.domain == domain)
        led = exists().where(Gateway.trunk_id == Trunk.id, at_domain)
        others = [] if but is None else [Trunk.id != but]
        return self._session.scalars(
            select(Trunk)
            .where(
                Trunk.environment_id == environment_id,
                Trunk.username == username,
                led,
                number | extension,
                *others,
            )
            .order_by(Trunk.is_draft)
            .limit(1)
        ).first()

    def locked(self, trunk_id: UUID) -> Trunk | None:
        """Find a trunk and keep every other writer off it; taken before any lock on a verification."""
        return self._session.scalar(
            select(Trunk).where(Trunk.id == trunk_id).with_for_update(key_share=True, of=Trunk)
        )

    def locked_rows(self, trunk_ids: Collection[UUID], *, skip_locked: bool) -> Mapping[UUID, TrunkRow]:
        """The same for many, for whoever needs no more than whose they are, and their generations; `skip_locked` leaves
        out those that another keeps.
        """
        statement = _LOCKED_ROWS[skip_locked](self._session)
        rows = self._connection.execute(statement, {"ids": list(trunk_ids)})
        return {row.id: row for row in rows}

    def among(self, trunk_ids: Collection[UUID]) -> set[UUID]:
        """Which of these there are."""
        if not trunk_ids:
            return set()
        return set(self._session.scalars(select(Trunk.id).where(among(self._session, Trunk.id, trunk_ids))))

    def steady(self, trunk_id: UUID) -> Trunk | None:
        """Find a trunk that nobody edits until this transaction ends, so that its parts fit together."""
        return self._session.scalar(
            select(Trunk).where(Trunk.id == trunk_id).with_for_update(read=True, of=Trunk)
        )

    def steady_free(self, trunk_ids: Collection[UUID]) -> set[UUID]:
        """Let nobody edit these until this transaction ends, and give them; those that are gone are among them, and not
        those that somebody edits at this moment.
        """
        there = self.among(trunk_ids)
        locked = self._session.scalars(
            select(Trunk.id)
            .where(Trunk.id.in_(there))
            .order_by(Trunk.id)
            .with_for_update(read=True, of=Trunk, skip_locked=True)
        )
        return (set(trunk_ids) - there) | set(locked)

    def steady_among(self, trunk_ids: Collection[UUID]) -> Mapping[UUID, TrunkRow]:
        """Read trunks and let nobody edit them until this transaction ends, so that what is read of them fits together;
        one that is being edited at this moment is left out.
        """
        rows = self._connection.execute(_STEADY(self._session), {"ids": list(trunk_ids)})
        return {row.id: row for row in rows}

    def gateways_of(self, trunk_ids: Collection[UUID]) -> Mapping[UUID, Sequence[TrunkRow]]:
        """Read the gateways of trunks that this transaction keeps steady, by priority, with what was proven and the
        realms that were learned at each, and with what the last run of the trunk came to.
        """
        rows = self._connection.execute(_GATEWAYS(self._session), {"ids": list(trunk_ids)})
        found: dict[UUID, list[TrunkRow]] = defaultdict(list)
        for row in rows:
            found[row.trunk_id].append(row)
        return found

    def locked_among(self, trunk_ids: Collection[UUID], *, skip_locked: bool) -> Mapping[UUID, Trunk]:
        """Find trunks and keep every other writer off them; `skip_locked` leaves out those that another keeps.

        Their gateways are read when they are asked for.
        """
        found = self._session.scalars(_LOCKED[skip_locked](self._session), {"ids": list(trunk_ids)})
        return {trunk.id: trunk for trunk in found}

    def leaving(self, environment_id: UUID, trunk_id: UUID) -> Trunk | None:
        """Find a trunk of this tenant that is to be removed, keeping off whoever would add to it."""
        return self._session.scalar(
            select(Trunk)
            .where(Trunk.id == trunk_id, Trunk.environment_id == environment_id)
            .with_for_update(of=Trunk)
        )

    def remove(self, trunk: Trunk) -> None:
        """Remove a trunk with all that belongs to it."""
        self._session.execute(delete(Trunk).where(Trunk.id == trunk.id))

    def remove_draft(self, trunk_id: UUID) -> None:
        self._session.execute(delete(Trunk).where(Trunk.id == trunk_id, Trunk.is_draft))

    def drafts(self, *, made_before: datetime, limit: int) -> Sequence[UUID]:
        """List old drafts, locked."""
        return self._session.scalars(
            select(Trunk.id)
            .where(DRAFTS, Trunk.created_at < made_before)
            .order_by(Trunk.created_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def change_state(
        self,
        trunk: Trunk,
        new: TrunkState,
        cause: Cause,
        now: datetime,
        *,
        verification_id: UUID | None = None,
    ) -> None:
        """Write a state, with the flip of what a customer sees of the change."""
        changed = changes(read_state(trunk), new)
        write_state(trunk, new)
        if changed:
            trunk.updated_at = now
            Flips(self._session).record(
                {trunk.id: trunk.generation}, cause, changed, now, verification_id=verification_id
            )

    def any_sealed(self) -> bool:
        """Whether the store holds a secret."""
        return self._exists(Trunk.sealed_password.is_not(None))


_FLIPS = Flip.__table__


class Flips(Repository):
    def enter(self, flips: Sequence[Mapping[str, Any]]) -> None:
        """Enter changes, given by their columns."""
        enter_rows(self._session, _FLIPS, flips)

    def record(
        self,
        generations: Mapping[UUID, int],
        cause: Cause,
        changed: Mapping[str, Any],
        now: datetime,
        *,
        verification_id: UUID | None = None,
    ) -> None:
        """Enter the same change for each of these trunks, given with their generations."""
        same = {"at": now, "cause": cause, "changes": changed, "verification_id": verification_id}
        enter_rows(
            self._session,
            _FLIPS,
            [
                {"trunk_id": trunk_id, "generation": generation, **same}
                for trunk_id, generation in generations.items()
            ],
        )

    def page(self, trunk_id: UUID, *, limit: int, before: UUID | None) -> Sequence[Flip]:
        """List a trunk's changes of state, newest first, from the one before `before` on."""
        query = select(Flip).where(Flip.trunk_id == trunk_id)
        return self._newest(query, Flip, limit=limit, before=before)
