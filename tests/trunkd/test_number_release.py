"""`trunkd number release`: an operator decides whose a number is, and the workers follow; `doctor` says of which."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.trunks.forms import Store, make_store, sqlite_template
from tests.trunks.provisions.installed import NUMBER, Installed
from trunkd.doctor.checks import CheckFailed
from trunkd.doctor.store import numbers
from trunkd.main import app
from trunks.catalog.new_trunk import NewNumber
from trunks.ids import new_id
from trunks.installation.settings import Settings, load_settings

__all__ = ["make_store", "sqlite_template"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "var")


def run(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["number", "release", *arguments])
    return found.exit_code, found.output


async def test_a_number_goes_from_the_side_that_has_it_to_the_other(
    make_store: Callable[[Settings], Store], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LiveKitServer() as server:
        given = {
            "TRUNKS_DATA_DIR": str(settings.data_dir),
            "TRUNKS_PROVISIONER": "livekit",
            "LIVEKIT_URL": server.url,
            "LIVEKIT_API_KEY": API_KEY,
            "LIVEKIT_API_SECRET": API_SECRET,
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        acme = Installed(make_store(load_settings()), server)
        globex = Installed(Store(acme.store.installation, acme.store.clock, tenant="globex"), server)
        held = acme.make_trunk(NUMBER)
        wants = globex.make_trunk("+442071234567")
        for each, trunk in ((acme, held), (globex, wants)):
            await each.work(trunk)
        assert run("+15550000000") == (1, "trunkd: No trunk here has the number +15550000000.\n")
        assert run(NUMBER, "--to", "42")[0] == 1
        assert run(NUMBER, "--to", str(new_id()))[0] == 1
        # In whatever spelling.
        status, out = run("001 415 555 1234", "--to", str(wants.id))
        assert (status, out.splitlines()) == (
            0,
            [
                f"Trunk {held.id} of environment {acme.store.caller.environment_id} has it no more.",
                f"Trunk {wants.id} has it now.",
            ],
        )
        # The holder's side goes first: the other's is refused while it stands there.
        for each, trunk in ((acme, held), (globex, wants)):
            await each.work(trunk)
        assert [sorted(side.numbers) for side in server.inbound.values()] == [
            ["+14155551234", "+442071234567"]
        ]
        assert run(NUMBER)[0] == 0
        await globex.work(wants)
        assert [list(side.numbers) for side in server.inbound.values()] == [["+442071234567"]]


def test_doctor_names_who_else_has_a_number(
    make_store: Callable[[Settings], Store], settings: Settings
) -> None:
    """As a store without provisioner lets them; some at a time."""
    store = make_store(settings)
    assert numbers(settings) == "each is one trunk's."
    others = Store(store.installation, store.clock, tenant="globex")
    lines = [NewNumber(number=f"+1415555{number:04}") for number in range(21)]
    store.make_trunk(numbers=tuple(lines))
    double = others.make_trunk(numbers=tuple(lines))
    with pytest.raises(CheckFailed) as fault:
        numbers(settings)
    told = str(fault.value)
    assert told.count(str(double.id)) == 20
    assert told.endswith(", and more.")
    assert (fault.value.harmless, "trunkd number release" in fault.value.fix) == (True, True)
    others.installation.catalog.trunks.remove(others.caller, double.id, with_numbers=True)
    assert numbers(settings) == "each is one trunk's."
