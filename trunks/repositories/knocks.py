"""The ledger of knocks, by address; whoever reads it to decide has the address's bucket locked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, distinct, func, or_, select, update

from trunks.ids import new_id
from trunks.models.account_proof import AccountProof
from trunks.models.destination_health import DestinationHealth
from trunks.models.knock import KnockRow, KnockWait
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.among import among, composed
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.many_rows import enter_rows
from trunks.repositories.repository import Repository
from trunks.rules.knock import Knock

_TABLE = KnockRow.__table__
_COLUMNS = tuple(Knock.__dataclass_fields__)


_SINCE = composed(
    lambda among: select(*(_TABLE.c[name] for name in _COLUMNS)).where(
        among(_TABLE.c.address), _TABLE.c.at > bindparam("since")
    )
)
_REMOVED = composed(lambda among: delete(_TABLE).where(among(_TABLE.c.claim_id)))


class Knocks(Repository):
    def at(self, addresses: Collection[str], since: datetime) -> Sequence[Knock]:
        """List what stands at these addresses, or is in flight there, since a moment."""
        rows = self._connection.execute(_SINCE(self._session), {"ids": list(addresses), "since": since})
        return [Knock(**row._mapping) for row in rows]

    def refused_to(self, account_key: str, environment_id: UUID | None, since: datetime) -> Sequence[Knock]:
        """List where passwords of an account, or of an environment, were refused since a moment."""
        whose = or_(KnockRow.account_key == account_key, KnockRow.environment_id == environment_id)
        rows = self._session.execute(
            select(*(getattr(KnockRow, name) for name in _COLUMNS)).where(
                whose, KnockRow.at > since, KnockRow.refused > 0
            )
        )
        return [Knock(**row._mapping) for row in rows]

    def stood(self, addresses: Collection[str], since: datetime, now: datetime) -> dict[str, int]:
        """How many stand at each of these addresses since a moment that were answered, or that nobody heard of; what is
        in flight is not over.
        """
        over = or_(KnockRow.lease_until.is_(None), KnockRow.lease_until <= now)
        rows = self._session.execute(
            select(KnockRow.address, func.sum(KnockRow.weight - KnockRow.silent))
            .where(among(self._session, KnockRow.address, addresses), KnockRow.at > since, over)
            .group_by(KnockRow.address)
        )
        return {address: int(total) for address, total in rows}

    def resting(self, now: datetime, *, limit: int) -> Sequence[str]:
        """List addresses at rest that somebody has work for."""
        found = select(KnockWait.address).where(KnockWait.until > now).distinct()
        return self._session.scalars(found.order_by(KnockWait.address).limit(limit)).all()

    def waiting(self, addresses: Collection[str], now: datetime) -> dict[str, set[UUID]]:
        """The environments that have work for these addresses, which are at rest."""
        rows = self._session.execute(
            select(KnockWait.address, KnockWait.environment_id).where(
                among(self._session, KnockWait.address, addresses), KnockWait.until > now
            )
        )
        found: dict[str, set[UUID]] = {}
        for address, environment_id in rows:
            found.setdefault(address, set()).add(environment_id)
        return found

    def wait(self, until: Mapping[tuple[str, UUID], datetime]) -> None:
        """Keep the turns of environments at addresses, each until its moment."""
        if until:
            insert_or_update(
                self._session,
                KnockWait,
                *(
                    {"id": new_id(), "address": address, "environment_id": environment_id, "until": moment}
                    for (address, environment_id), moment in sorted(until.items())
                ),
                unique=["address", "environment_id"],
                changed=("until",),
            )

    def served(self, turns: Collection[tuple[str, UUID | None]]) -> None:
        """Forget the turns of environments that had them."""
        for address, environment_id in sorted(turns, key=str):
            self._session.execute(
                delete(KnockWait).where(
                    KnockWait.address == address, KnockWait.environment_id == environment_id
                )
            )

    def proven_environments(self, address: str) -> int:
        """How many environments have an account that is proven where health checks find this address."""
        return (
            self._session.scalar(
                select(func.count(distinct(Trunk.environment_id)))
                .select_from(DestinationHealth)
                .join(AccountProof, AccountProof.destination_id == DestinationHealth.destination_id)
                .join(
                    Trunk,
                    (Trunk.id == AccountProof.trunk_id) & (Trunk.generation == AccountProof.generation),
                )
                .where(DestinationHealth.address == address, AccountProof.refused_at.is_(None))
            )
            or 0
        )

    def environments_at(self, destination_ids: Collection[UUID]) -> dict[UUID, UUID]:
        """An environment with a trunk at each of these destinations: of several always the same."""
        rows = self._session.execute(
            select(Gateway.destination_id, Trunk.environment_id)
            .join(Trunk, Trunk.id == Gateway.trunk_id)
            .where(among(self._session, Gateway.destination_id, destination_ids), Trunk.is_draft.is_(False))
            .distinct()
        )
        found: dict[UUID, UUID] = {}
        for destination_id, environment_id in rows:
            found[destination_id] = min(environment_id, found.get(destination_id, environment_id))
        return found

    def enter(self, knocks: Iterable[Knock]) -> None:
        rows = [{name: getattr(knock, name) for name in _COLUMNS} for knock in knocks]
        enter_rows(self._session, _TABLE, rows)

    def without_password(self, claim_ids: Collection[UUID], cost: int) -> None:
        """Take what a refused password costs from what these claims reserved."""
        self._session.execute(
            update(KnockRow)
            .where(
                among(self._session, KnockRow.claim_id, claim_ids),
                KnockRow.lease_until.is_not(None),
                KnockRow.refused > 0,
            )
            .values(weight=KnockRow.weight - cost, refused=0)
        )

    def remove(self, claim_ids: Collection[UUID]) -> None:
        """Remove what stands in the name of these claims."""
        self._connection.execute(_REMOVED(self._session), {"ids": list(claim_ids)})
