"""Trunks entered and looked up."""

import dataclasses

import pytest
from sqlalchemy import text

from sipcheck.reasons import CredentialState
from sipcheck.target import HostPort, TransportName
from tests.trunks.forms import PASSWORD, Store
from trunks.errors import CustomTrunksNotAllowed, TrunkNotFound
from trunks.ids import new_id
from trunks.rules.trunk_state import HealthStatus


def test_a_new_trunk_is_kept_as_it_was_described(store: Store) -> None:
    made = store.make_trunk(auth_realm="carrier.example", outbound_proxy=HostPort("proxy.example", 5080))
    trunk = store.trunk(made.id)
    (gateway,) = trunk.gateways
    assert (trunk.name, trunk.provider_name, trunk.username) == ("Primary", "carrier-x", "alice")
    assert (trunk.auth_realm, trunk.outbound_proxy) == ("carrier.example", "proxy.example:5080")
    assert (gateway.host, gateway.port, gateway.transport) == ("sip.carrier.example", 5060, TransportName.UDP)
    assert (trunk.wanted, trunk.is_verified, trunk.is_active) == (False, False, False)
    assert (trunk.health_status, trunk.credentials) == (HealthStatus.UNKNOWN, CredentialState.NOT_TESTED)
    assert trunk.created_at == trunk.updated_at == store.clock.now


def test_the_password_is_in_no_table_in_the_clear(store: Store) -> None:
    trunk = store.make_trunk()
    tables = ("trunks", "gateways", "destinations", "verifications", "flips", "environments", "api_tokens")
    with store.installation.database.read() as session:
        for table in tables:
            rows = session.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608
            assert PASSWORD not in repr(rows)
            assert PASSWORD.encode() not in b"".join(
                value for row in rows for value in row if isinstance(value, bytes)
            )
    sealed = store.trunk(trunk.id).sealed_password
    assert sealed is not None
    assert store.installation.secrets.open(sealed, trunk.id) == PASSWORD


def test_equal_gateways_are_one_destination(store: Store) -> None:
    for spelled in ("sip.carrier.example", "SIP.Carrier.Example", "sip.carrier.example."):
        store.make_trunk(domain=spelled)
    with store.installation.database.read() as session:
        rows = session.execute(text("SELECT domain, port, transport, outbound_proxy FROM destinations")).all()
    assert [tuple(row) for row in rows] == [("sip.carrier.example", 5060, "udp", None)]


@pytest.mark.parametrize(
    "other",
    [
        {"port": 5061},
        {"port": None},
        {"transport": TransportName.TCP},
        {"outbound_proxy": HostPort("proxy.example")},
        {"domain": "carrier.example"},
    ],
)
def test_gateways_that_differ_are_two_destinations(store: Store, other: dict[str, object]) -> None:
    first, second = store.make_trunk(), store.make_trunk(**other)
    assert first.gateways[0].destination_id != second.gateways[0].destination_id


def test_another_tenants_trunk_is_not_there(store: Store) -> None:
    trunk = store.make_trunk()
    stranger = dataclasses.replace(store.caller, environment_id=new_id())
    with pytest.raises(TrunkNotFound):
        store.installation.catalog.trunks.get(stranger, trunk.id)
    with pytest.raises(TrunkNotFound):
        store.installation.runs.requests.request(stranger, trunk.id)
    with pytest.raises(TrunkNotFound):
        store.installation.runs.requests.page(stranger, trunk.id, limit=1)


def test_a_plan_without_custom_trunks_is_refused(store: Store) -> None:
    store.caller = dataclasses.replace(store.caller, allow_custom_sip_trunks=False)
    with pytest.raises(CustomTrunksNotAllowed):
        store.make_trunk()
