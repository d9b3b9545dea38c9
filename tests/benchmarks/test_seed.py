"""Seeded trunks are what the service would have made, and as many as were asked for."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from benchmarks.service.seed import PASSWORD, Fleet, seed, trunk_ids
from benchmarks.service.store import Form, Store
from sipcheck.target import HostPort, TransportName
from tests.trunkd.prepared import installed
from tests.trunks.forms import SECRET_KEYS, without_settings
from trunks.catalog.new_trunk import NewGateway, NewTrunk
from trunks.clock import utc_now
from trunks.installation.installation import Installation
from trunks.models.base import Base
from trunks.models.destination_health import DestinationHealth
from trunks.models.trunk import Gateway, Trunk
from trunks.tenancy.tenants import Caller

__all__ = ["without_settings"]

CARRIER = HostPort("127.0.0.1", 5070)

# What differs from trunk to trunk.
OWN = {
    *("id", "trunk_id", "destination_id", "sealed_password", "created_at", "updated_at", "serial", "name"),
    # A gateway as old as its trunk may leave it out.
    "led_since",
}


@pytest.fixture(params=list(Form))
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Give what `open_store` opens, without servers of its own."""
    monkeypatch.setenv("TRUNKS_ALLOW_NETWORKS", "127.0.0.0/8")
    environment: dict[str, str] = {}
    if request.param is Form.SCALED:
        environment["TRUNKS_DATABASE_URL"] = request.getfixturevalue("postgres_url")
        environment["TRUNKS_SECRET_KEYS"] = SECRET_KEYS
    with installed(tmp_path, environment) as installation:
        installation.tenancy.tenants.create_environment("bench")
        token = installation.tenancy.tenants.create_token("bench")
        yield Store(request.param, tmp_path, environment, (), installation, token)


@pytest.fixture
def caller(store: Store) -> Caller:
    found = store.installation.tenancy.tenants.authenticate(store.token)
    assert found is not None
    return found


def count(installation: Installation, table: str) -> int:
    with installation.database.read() as session:
        return int(session.scalar(select(func.count()).select_from(Base.metadata.tables[table])) or 0)


def rows_of(installation: Installation, table: str, column: str, value: Any) -> list[dict[str, Any]]:
    with installation.database.read() as session:
        found = Base.metadata.tables[table]
        return [
            dict(row) for row in session.execute(select(found).where(found.c[column] == value)).mappings()
        ]


def test_there_are_as_many_as_asked_for(store: Store, caller: Caller) -> None:
    installation = store.installation
    seed(installation, Fleet(caller=caller, carrier=CARRIER, trunks=230, destinations=7))
    counted = {
        table: count(installation, table) for table in ("trunks", "gateways", "trunk_serials", "destinations")
    }
    assert counted == {"trunks": 230, "gateways": 230, "trunk_serials": 230, "destinations": 7}
    assert count(installation, "destination_health") == 0
    with installation.database.read() as session:
        shared = session.execute(
            select(func.count()).select_from(Gateway).group_by(Gateway.destination_id)
        ).scalars()
        assert sorted(shared) == [32] + [33] * 6


def test_each_is_what_the_service_makes(store: Store, caller: Caller) -> None:
    installation = store.installation
    seed(installation, Fleet(caller=caller, carrier=CARRIER, trunks=3, destinations=2))
    seeded = trunk_ids(installation, caller)[1]
    entered = installation.catalog.trunks.create(
        caller,
        NewTrunk(
            name="as entered",
            provider_name="bench",
            gateways=(NewGateway(host="carrier1.example", transport=TransportName.UDP),),
            username="user1",
            password=PASSWORD,
            outbound_proxy=CARRIER,
            wanted=True,
        ),
    )
    tables = [table.name for table in Base.metadata.sorted_tables if "trunk_id" in table.columns]
    for table, column in (("trunks", "id"), *((table, "trunk_id") for table in tables)):
        ours, theirs = (
            [
                {name: value for name, value in row.items() if name not in OWN}
                for row in rows_of(installation, table, column, trunk_id)
            ]
            for trunk_id in (seeded, entered.id)
        )
        assert ours == theirs, table
    trunk = installation.catalog.trunks.get(caller, seeded)
    assert trunk.gateways[0].destination_id == entered.gateways[0].destination_id
    assert trunk.sealed_password is not None
    assert installation.secrets.open(trunk.sealed_password, trunk.id) == PASSWORD


def test_a_living_fleet_is_verified_and_due(store: Store, caller: Caller) -> None:
    installation = store.installation
    due_at = utc_now() + timedelta(hours=1)
    seed(installation, Fleet(caller=caller, carrier=CARRIER, trunks=20, destinations=4, due_at=due_at))
    with installation.database.read() as session:
        trunks = session.scalars(select(Trunk)).all()
        healths = session.scalars(select(DestinationHealth)).all()
    assert len(trunks) == 20
    assert all(trunk.is_active and trunk.living_generation == trunk.generation for trunk in trunks)
    assert {health.domain for health in healths} == {f"carrier{number}.example" for number in range(4)}
    assert all(health.next_check_at == due_at for health in healths)


def test_a_second_fleet_is_beside_the_first(store: Store, caller: Caller) -> None:
    installation = store.installation
    for port in (5070, 5071):
        fleet = Fleet(caller=caller, carrier=HostPort("127.0.0.1", port), trunks=5, destinations=5)
        seed(installation, fleet)
    assert (count(installation, "trunks"), count(installation, "destinations")) == (10, 10)
    with installation.database.read() as session:
        assert session.scalar(text("SELECT count(DISTINCT key) FROM destinations")) == 10
