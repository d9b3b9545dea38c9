"""Many trunks at once, on either engine: copies of one that the service made by itself.

A prototype is created as a customer's is, and its rows are copied with their own ids, names and passwords: what the
schema or the rules add later is in the copies too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import Table, select, text

from benchmarks.service.rows import Row, Rows
from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.target import HostPort, Target, TransportName
from trunks.catalog.new_trunk import NewGateway, NewTrunk
from trunks.ids import new_id
from trunks.installation.installation import Installation
from trunks.models.base import Base
from trunks.models.destination import Destination
from trunks.models.destination_health import DestinationHealth
from trunks.models.state_columns import read_state, write_state
from trunks.models.trunk import Trunk
from trunks.repositories.destinations import destination_key
from trunks.repositories.liveness import LivenessRows
from trunks.rules.trunk_state import Policy, Verdict, after_verification
from trunks.tenancy.tenants import Caller

PASSWORD = "correct horse battery"

_CHUNK_TRUNKS = 10_000
# The store gives these out by itself.
_SERIAL = "serial"

_TRUNKS, _DESTINATIONS, _HEALTH = (
    Base.metadata.tables[model.__tablename__] for model in (Trunk, Destination, DestinationHealth)
)
_PARTS = [table for table in Base.metadata.sorted_tables if "trunk_id" in table.columns]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Trunks spread evenly over destinations, all of them at one carrier, which is the outbound proxy of all.

    Each has credentials of a user of its own. With `due_at` they are verified and alive, and every destination's
    next health check is due at that moment.
    """

    caller: Caller
    carrier: HostPort
    trunks: int
    destinations: int
    due_at: datetime | None = None
    interval_seconds: float = 60.0


def seed(installation: Installation, fleet: Fleet) -> None:
    """Enter a fleet, in one transaction beside the prototype's own, and let the engine look at its tables again."""
    trunk_id, destination_id = _make_prototype(installation, fleet)
    with installation.database.engine.begin() as connection:
        rows = Rows(connection)
        destinations = _copy_destinations(rows, fleet, destination_id)
        tables = [_TRUNKS, *(table for table in _PARTS if rows.has(table, "trunk_id", trunk_id))]
        copies = _TrunkCopies(installation, rows, destinations, trunk_id, tables)
        numbers = iter(range(fleet.trunks))
        while chunk := list(islice(numbers, _CHUNK_TRUNKS)):
            made = [copies.make(number) for number in chunk]
            for place, table in enumerate(tables):
                rows.insert(table, [each[place] for each in made])
        rows.remove(_TRUNKS, trunk_id)
        connection.execute(text("ANALYZE"))


def trunk_ids(installation: Installation, caller: Caller) -> list[UUID]:
    """List a tenant's trunks in the order in which they were entered."""
    with installation.database.read() as session:
        return list(
            session.scalars(
                select(Trunk.id).where(Trunk.environment_id == caller.environment_id).order_by(Trunk.id)
            )
        )


def _domain(number: int) -> str:
    return f"carrier{number}.example"


def _make_prototype(installation: Installation, fleet: Fleet) -> tuple[UUID, UUID]:
    """Create a trunk at the first destination, in the state that the fleet is to be in; give both ids."""
    created = installation.catalog.trunks.create(
        fleet.caller,
        NewTrunk(
            name="prototype",
            provider_name="bench",
            gateways=(NewGateway(host=_domain(0), transport=TransportName.UDP),),
            username="prototype",
            password=PASSWORD,
            outbound_proxy=fleet.carrier,
            wanted=True,
        ),
    )
    destination_id = created.gateways[0].destination_id
    if fleet.due_at is not None:
        with installation.database.write() as session:
            trunk = session.get_one(Trunk, created.id)
            proven = Verdict(Outcome.VERIFIED, Reason.CREDENTIALS_PROVEN)
            write_state(trunk, after_verification(read_state(trunk), proven, Policy()))
            trunk.credentials = CredentialState.PROVEN
            trunk.living_generation = trunk.generation
            LivenessRows(session).begin({destination_id: (fleet.interval_seconds, fleet.due_at)})
    return created.id, destination_id


def _copy_destinations(rows: Rows, fleet: Fleet, first: UUID) -> Sequence[UUID]:
    """Copy the first destination, and its health if that has begun; give all ids."""
    ids = [first, *(new_id() for _ in range(1, fleet.destinations))]
    copied = list(enumerate(ids))[1:]
    prototype = rows.find(_DESTINATIONS, "id", first)
    keys = {
        number: destination_key(
            Target(_domain(number), None, TransportName.UDP, outbound_proxy=fleet.carrier)
        )
        for number, _ in copied
    }
    rows.insert(
        _DESTINATIONS,
        [
            {**prototype, "id": rows.stored(each), "key": keys[number], "domain": _domain(number)}
            for number, each in copied
        ],
    )
    if rows.has(_HEALTH, "destination_id", first):
        health = rows.find(_HEALTH, "destination_id", first)
        rows.insert(
            _HEALTH,
            [
                {
                    **health,
                    "id": rows.stored(new_id()),
                    "destination_id": rows.stored(each),
                    "domain": _domain(number),
                }
                for number, each in copied
            ],
        )
    return ids


class _TrunkCopies:
    """A trunk like the prototype, with the row it has in each table."""

    def __init__(
        self,
        installation: Installation,
        rows: Rows,
        destinations: Sequence[UUID],
        trunk_id: UUID,
        tables: Sequence[Table],
    ) -> None:
        self._secrets = installation.secrets
        self._rows = rows
        self._destinations = [rows.stored(each) for each in destinations]
        self._trunk, *self._parts = (
            rows.find(table, "id" if table is _TRUNKS else "trunk_id", trunk_id) for table in tables
        )

    def make(self, number: int) -> Sequence[Row]:
        trunk_id = new_id()
        place = number % len(self._destinations)
        stored = self._rows.stored(trunk_id)
        trunk = {
            **self._trunk,
            "id": stored,
            "name": f"Trunk {number}",
            "username": f"user{number}",
            "sealed_password": self._secrets.seal(PASSWORD, trunk_id),
        }
        own = {"trunk_id": stored, "destination_id": self._destinations[place], "host": _domain(place)}
        return [trunk, *(self._part(part, own) for part in self._parts)]

    def _part(self, part: Row, own: Row) -> Row:
        copy = {name: own.get(name, value) for name, value in part.items() if name != _SERIAL}
        return copy | {"id": self._rows.stored(new_id())} if "id" in part else copy
