"""`trunkd incident` and `trunkd maintenance`, as an operator types them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.trunks.forms import STARTED, Store, make_store, sqlite_template
from tests.trunks.health_watch import HealthWatch
from tests.trunks.people.test_incidents import fall, follow
from trunkd.main import app
from trunks.clock import utc_now
from trunks.ids import new_id
from trunks.installation.settings import Settings, load_settings

__all__ = ["make_store", "sqlite_template"]


def run(*arguments: str) -> tuple[int, list[str]]:
    found = CliRunner().invoke(app, arguments)
    return found.exit_code, found.output.splitlines()


@pytest.fixture
def store(make_store: Callable[[Settings], Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("TRUNKS_DATA_DIR", str(tmp_path / "var"))
    return make_store(load_settings())


def test_an_operator_sees_whose_trunks_fell(store: Store) -> None:
    watch, other = (
        HealthWatch(store),
        HealthWatch(Store(store.installation, store.clock, tenant="globex")),
    )
    trunk = watch.verified()
    other.verified()
    assert run("incident", "list") == (0, [])
    fall(watch, trunk)
    status, (line,) = run("incident", "list", "--open")
    found, opened, closed, down, cause = line.split("\t")
    assert (status, opened, closed, down) == (0, f"{store.clock.now:%Y-%m-%dT%H:%M:%SZ}", "open", "2/2")
    assert cause.startswith("sip.carrier.example has not answered our checks since")
    status, lines = run("incident", "show", found)
    assert lines[-3:] == [
        "Nothing was found that changed before.",
        "acme: 1 trunks, 1 down",
        "globex: 1 trunks, 1 down",
    ]
    store.installation.catalog.trunks.remove(store.caller, trunk.id)
    follow(store)
    shown = json.loads(run("incident", "show", found, "--json")[1][0])
    assert (shown["carriers"], shown["tenants"]) == (
        ["sip.carrier.example"],
        {"globex": {"trunks": 1, "down": 1}},
    )
    for unknown in (str(new_id()), "none"):
        status, (said,) = run("incident", "show", unknown)
        assert status == 1
        assert "trunkd incident list shows them" in said


def test_an_operator_holds_messages_for_a_time(store: Store) -> None:
    store.clock.now = STARTED
    trunk = store.make_trunk()
    rows = {
        "trunk": (str(trunk.id), f"trunk {trunk.id}"),
        "carrier": ("SIP.carrier.example", "destination sip.carrier.example|5060|udp|"),
        "environment": ("acme", "environment acme"),
    }
    begun = {}
    for minutes, (of, (name, _)) in enumerate(rows.items(), start=30):
        status, (begun[of],) = run(
            "maintenance", "begin", f"--{of}", name, "--minutes", str(minutes), "--note", "why"
        )
        assert status == 0
    status, lines = run("maintenance", "list")
    listed = [line.split("\t") for line in lines]
    assert [(each, of, note) for each, _, of, note in listed] == [
        (begun[of], named, "why") for of, (_, named) in rows.items()
    ]
    assert all(until > f"{utc_now():%Y-%m-%dT%H:%M:%SZ}" for _, until, _, _ in listed)
    assert run("maintenance", "end", begun["carrier"]) == (0, [])
    assert len(run("maintenance", "list")[1]) == 2
    for wrong, status in (
        (("end", begun["carrier"]), 1),
        (("end", "none"), 1),
        (("begin", "--trunk", "none"), 1),
        (("begin", "--carrier", "nowhere.example"), 1),
        (("begin",), 2),
        (("begin", "--carrier", "a", "--environment", "acme"), 2),
        (("begin", "--environment", "acme", "--minutes", "43201"), 2),
    ):
        assert run("maintenance", *wrong)[0] == status, wrong


@pytest.mark.parametrize(
    ("entered", "given"),
    [
        ("münchen.example", "münchen.example"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("xn--mnchen-3ya.example", "MÜNCHEN.example."),
        ("sip.acme.example.", "sip.acme.example"),
        ("sip.acme.example", "sip.acme.example.:5060"),
        ("2001:db8::1", "[2001:DB8:0::1]"),
    ],
)
def test_a_carrier_is_named_in_whatever_spelling(store: Store, entered: str, given: str) -> None:
    store.make_trunk(domain=entered)
    status, lines = run("maintenance", "begin", "--carrier", given)
    assert (status, len(lines)) == (0, 1)
