"""Whose account may ask at a destination: of its trunks those that were proven, and those that are known at least."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, exists, or_, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from sipcheck.reasons import CredentialState
from trunks.models.account_proof import AccountProof
from trunks.models.destination_health import DestinationHealth
from trunks.models.environment import Environment
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.among import among_bound
from trunks.repositories.liveness import health_has_begun
from trunks.repositories.repository import Repository

# Who asks in turn; and how many trunks of a destination are looked at where none was proven there.
_IN_TURN = 5
_LOOKED_AT = 200

AskerRow = Row[*tuple[Any, ...]]


def _may_ask() -> ColumnElement[bool]:
    """Whether a trunk takes part, and its account may ask for all that lead there."""
    return health_has_begun() & or_(Environment.shares_asking, _is_alone())


def _lives() -> ColumnElement[bool]:
    return (Trunk.living_generation == Trunk.generation) & Trunk.is_draft.is_(False)


def _is_alone() -> ColumnElement[bool]:
    """Whether no trunk of another environment leads there."""
    other = aliased(Trunk)
    of_others = (
        select(Gateway.id)
        .join(other, other.id == Gateway.trunk_id)
        .where(
            Gateway.destination_id == DestinationHealth.destination_id,
            other.environment_id != Trunk.environment_id,
            other.is_draft.is_(False),
        )
        .correlate(Trunk, DestinationHealth)
    )
    return ~exists(of_others)


def _proven(*, begun: bool) -> Select[UUID]:
    return (
        select(Trunk.id.label("trunk_id"))
        .select_from(AccountProof)
        .join(Trunk, Trunk.id == AccountProof.trunk_id)
        .join(Environment, Environment.id == Trunk.environment_id)
        .where(
            AccountProof.destination_id == DestinationHealth.destination_id,
            AccountProof.generation == Trunk.generation,
            AccountProof.refused_at.is_(None),
            _may_ask() if begun else or_(_may_ask(), _lives() & _is_alone()),
        )
        .order_by(AccountProof.proven_at.desc(), AccountProof.id)
        .limit(_IN_TURN)
    )


def _known() -> Select[UUID]:
    there = (
        select(Gateway.trunk_id)
        .where(Gateway.destination_id == DestinationHealth.destination_id)
        .limit(_LOOKED_AT)
        .correlate(DestinationHealth)
    )
    stands = and_(AccountProof.generation == Trunk.generation, AccountProof.refused_at.is_(None))
    was_known = exists().where(
        AccountProof.trunk_id == Trunk.id,
        AccountProof.username == Trunk.username,
        or_(stands, Trunk.credentials == CredentialState.REJECTED),
    )
    return (
        select(Trunk.id.label("trunk_id"))
        .join(Environment, Environment.id == Trunk.environment_id)
        .where(Trunk.id.in_(there), was_known.correlate(Trunk), _may_ask())
        .limit(_IN_TURN)
    )


def _of_each(trunk_ids: Select[UUID], *, lateral: bool) -> Select[*tuple[Any, ...]]:
    """The trunks of each of the destinations `ids`."""
    asker = aliased(Trunk)
    of_destination = trunk_ids.correlate(DestinationHealth)
    query = select(
        DestinationHealth.destination_id,
        asker.id.label("trunk_id"),
        asker.username,
        asker.health_interval_seconds,
        asker.proof,
        AccountProof.tried_at,
    ).select_from(DestinationHealth)
    if lateral:
        each = of_destination.lateral("asks")
        query = query.join(each, true()).join(asker, asker.id == each.c.trunk_id)
    else:  # SQLite has no LATERAL, and looks the rows of a list up by their key
        query = query.join(asker, asker.id.in_(of_destination))
    proof_there = and_(
        AccountProof.trunk_id == asker.id,
        AccountProof.destination_id == DestinationHealth.destination_id,
    )
    here = among_bound(DestinationHealth.__table__.c.destination_id, by_array=lateral)
    return query.outerjoin(AccountProof, proof_there).where(here)


# Composed once: every claim of checks asks it.
_PROVEN, _PROVEN_OR_ALONE, _KNOWN = (
    {lateral: _of_each(trunk_ids, lateral=lateral) for lateral in (False, True)}
    for trunk_ids in (_proven(begun=True), _proven(begun=False), _known())
)


class CheckAskers(Repository):
    """Gives at most five for each destination; a destination without any is missing."""

    def proven(self, destination_ids: Collection[UUID], *, begun: bool) -> Mapping[UUID, Sequence[AskerRow]]:
        """List those whose accounts were proven there last, as they are configured now, and that take part in health
        checks; where somebody asks and not the schedule, without `begun`, those too that do not and are alone there
        with their environment.
        """
        return self._found(_PROVEN if begun else _PROVEN_OR_ALONE, destination_ids)

    def known(self, destination_ids: Collection[UUID]) -> Mapping[UUID, Sequence[AskerRow]]:
        """List those whose user is known though nothing proves it there: proven at another gateway of the trunk's own,
        or refused since it was proven. Of the trunks of a destination the first two hundred are looked at.
        """
        return self._found(_KNOWN, destination_ids)

    def _found(
        self, statements: Mapping[bool, Select[*tuple[Any, ...]]], destination_ids: Collection[UUID]
    ) -> Mapping[UUID, Sequence[AskerRow]]:
        if not destination_ids:
            return {}
        statement = statements[self._session.get_bind().dialect.name == "postgresql"]
        found: dict[UUID, list[AskerRow]] = defaultdict(list)
        for row in self._session.execute(statement, {"ids": list(destination_ids)}):
            found[row.destination_id].append(row)
        return found
