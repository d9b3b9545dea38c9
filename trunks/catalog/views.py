"""Trunks with all that is known of them, from which every dialect shows what it knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.target import TransportName
from trunks.catalog.shown_way import ShownWay, shown_way
from trunks.errors import TrunkNotFound
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.repositories.certificate_ends import CertificateEnds
from trunks.repositories.liveness import LivenessRows
from trunks.repositories.needed_trunks import NeededTrunks, Place
from trunks.repositories.phone_numbers import ListedNumber, PhoneNumbers
from trunks.repositories.trunk_profiles import TrunkSerials, find_trunk_parts
from trunks.repositories.trunks import TrunkFilter, Trunks
from trunks.repositories.verifications import Verifications
from trunks.rules.attention import Attention
from trunks.rules.profile import TrunkProfile
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller
from trunks.voice.sides import SideIds

# Of a trunk; the others are listed by themselves.
NUMBERS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class TrunkView:
    """`numbers` are the first NUMBERS_SHOWN of `number_count`. `serial` is the trunk's integer, `last_verification` the
    last run of its current configuration.

    `sides` are its ids on the voice infrastructure, `way` how its calls leave there, `last_health_check_at` when it was
    last found well or not, by a check of what it shares with others too. `certificate_expires_at` is when the first
    certificate ends that an edge of its gateways showed; None while none was seen.
    """

    trunk: Trunk
    serial: int
    profile: TrunkProfile
    numbers: tuple[ListedNumber, ...]
    number_count: int
    sides: SideIds
    way: ShownWay
    last_verification: Verification | None
    last_health_check_at: datetime | None
    certificate_expires_at: datetime | None = None

    @property
    def id(self) -> UUID:
        return self.trunk.id

    @property
    def has_one_transport(self) -> bool:
        """Whether all gateways have the transport that is shown; a former version changed the first one's alone."""
        return len({each.transport or TransportName.UDP for each in self.trunk.gateways}) == 1


@dataclass(frozen=True, slots=True)
class TrunkViews:
    database: Database

    def get(self, caller: Caller, trunk_id: UUID) -> TrunkView:
        """Look a trunk up. Raises TrunkNotFound for another tenant's too."""
        with self.database.read() as session:
            return _fill(session, [Trunks(session).get(caller.environment_id, trunk_id)])[0]

    def id_of(self, caller: Caller, serial: int) -> UUID:
        """Find a trunk by its integer. Raises TrunkNotFound."""
        with self.database.read() as session:
            trunk_id = TrunkSerials(session).trunk_of(serial)
            if trunk_id is None:
                raise TrunkNotFound
            return Trunks(session).get(caller.environment_id, trunk_id).id

    def page(
        self, caller: Caller, shown: TrunkFilter, *, limit: int, before: UUID | None = None
    ) -> Sequence[TrunkView]:
        """List a tenant's trunks, newest first."""
        with self.database.read() as session:
            return _fill(
                session, Trunks(session).page(caller.environment_id, shown, limit=limit, before=before)
            )

    def by_need(
        self,
        caller: Caller,
        *,
        of: Attention | None = None,
        search: str | None = None,
        limit: int,
        after: Place | None = None,
    ) -> Sequence[tuple[Attention, TrunkView]]:
        """List a tenant's trunks, those that need a person most first; `search`: part of a name, a host, a number."""
        with self.database.read() as session:
            found = NeededTrunks(session).page(
                caller.environment_id, of=of, search=search, limit=limit, after=after
            )
            views = _fill(session, [trunk for _, trunk in found])
            return [(attention, view) for (attention, _), view in zip(found, views, strict=True)]


def view_of(session: Session, trunk: Trunk) -> TrunkView:
    """Show a trunk as it is in this transaction, which keeps every other writer off it."""
    return _fill(session, [trunk])[0]


def _fill(session: Session, trunks: Sequence[Trunk]) -> list[TrunkView]:
    """Add what belongs to the trunks, by one query for each kind."""
    ids = [trunk.id for trunk in trunks]
    parts = find_trunk_parts(session, ids)
    runs = Verifications(session).latest_told_of(trunks)
    checked_at = _checked_at(session, trunks)
    certificates_end = _certificates_end(session, trunks)
    numbers: dict[UUID, list[ListedNumber]] = {}
    for number in PhoneNumbers(session).first_of(ids, limit=NUMBERS_SHOWN):
        numbers.setdefault(number.trunk_id, []).append(number)
    more = [trunk_id for trunk_id, shown in numbers.items() if len(shown) == NUMBERS_SHOWN]
    counts = {trunk_id: len(shown) for trunk_id, shown in numbers.items()}
    counts |= PhoneNumbers(session).count_of(more)
    return [
        TrunkView(
            trunk=trunk,
            serial=parts[trunk.id].serial,
            profile=parts[trunk.id].profile,
            numbers=tuple(numbers.get(trunk.id, ())),
            number_count=counts.get(trunk.id, 0),
            sides=parts[trunk.id].sides,
            way=shown_way(trunk, parts[trunk.id]),
            last_verification=runs.get(trunk.id),
            last_health_check_at=_latest(trunk, checked_at),
            certificate_expires_at=min(
                (
                    certificates_end[each.destination_id]
                    for each in trunk.gateways
                    if each.destination_id in certificates_end
                ),
                default=None,
            ),
        )
        for trunk in trunks
    ]


def _checked_at(session: Session, trunks: Sequence[Trunk]) -> Mapping[UUID, datetime]:
    """When the destinations of those trunks were last checked whose health has begun, by their ids."""
    ids = {
        gateway.destination_id for trunk in trunks if _health_has_begun(trunk) for gateway in trunk.gateways
    }
    return LivenessRows(session).checked_at(ids) if ids else {}


def _certificates_end(session: Session, trunks: Sequence[Trunk]) -> Mapping[UUID, datetime]:
    ids = {gateway.destination_id for trunk in trunks for gateway in trunk.gateways}
    return CertificateEnds(session).of(ids)


def _latest(trunk: Trunk, checked_at: Mapping[UUID, datetime]) -> datetime | None:
    moments = [trunk.last_health_check_at] if trunk.last_health_check_at is not None else []
    if _health_has_begun(trunk):
        moments += [
            checked_at[each.destination_id] for each in trunk.gateways if each.destination_id in checked_at
        ]
    return max(moments, default=None)


def _health_has_begun(trunk: Trunk) -> bool:
    return trunk.living_generation == trunk.generation
