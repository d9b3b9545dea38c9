"""An operator's bad days: whatever command is given then says in one line what to do, and doctor finds it.

Source: docs/operating.md, "Bad days".
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.peers.ports import free_port
from tests.trunkd.bad_days import BAD_DAYS, BadDay
from tests.trunkd.daemon import Trunkd
from tests.trunkd.prepared import installed
from tests.trunks.forms import HandClock, Store
from trunks.ids import new_id

# Each by what it is called in the table of bad days.
_COMMANDS: dict[str, tuple[str, ...]] = {
    "up": ("up",),
    "api": ("api",),
    "worker": ("worker",),
    "migrate": ("migrate",),
    "environment create": ("environment", "create", "other"),
    "environment list": ("environment", "list"),
    "token create": ("token", "create", "--environment", "acme"),
    "token list": ("token", "list"),
    "token revoke": ("token", "revoke", str(new_id())),
    "keys rotate": ("keys", "rotate"),
    "provision list": ("provision", "list"),
    "provision adopt": ("provision", "adopt"),
    "provision purge": ("provision", "purge", "ST_a"),
    "trunks import": ("trunks", "import", "trunks.csv", "--environment", "acme"),
}
# One of each way into an installation. Days that are told elsewhere than at its opening are tried with all.
_ONE_OF_EACH = frozenset({"up", "worker", "migrate", "token create", "keys rotate"})
_TRIED_WITH_ALL = frozenset({"newer-schema", "page-lost", "read-only-database"})
_ROWS = "name,provider,target\nOne,carrier-x,sip.carrier.example\n"

Ended = tuple[int, str, str]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with a trunk whose password is sealed, to be copied and spoilt."""
    folder = tmp_path_factory.mktemp("sound")
    with installed(folder, {}) as installation:
        store = Store(installation, HandClock())
        store.make_trunk()
        installation.tenancy.keys.credential_hash()
    return folder


@pytest.fixture(params=BAD_DAYS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def day(name: str) -> BadDay:
    return BAD_DAYS[name]


@pytest.fixture
def spoilt(day: BadDay, sound: Path, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "installation"
    shutil.copytree(sound, folder)
    (folder / "trunks.csv").write_text(_ROWS)
    day.spoil(folder / "var")
    yield folder
    (folder / "var").chmod(0o700)


def run(folder: Path, *commands: tuple[str, ...], **environment: str) -> list[Ended]:
    """Run commands beside one another, and give each one's status and outputs."""
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                Trunkd(
                    *command,
                    folder=folder,
                    environment=environment | {"TRUNKS_PORT": str(free_port())},
                    surroundings={"powerless": True},
                )
            )
            for command in commands
        ]
        return [(each.wait(), each.out, each.err) for each in running]


def test_every_command_says_in_one_line_what_to_do(
    name: str, day: BadDay, spoilt: Path, nameservers: dict[str, str]
) -> None:
    names = (_COMMANDS.keys() if name in _TRIED_WITH_ALL else _ONE_OF_EACH) - day.not_met
    asked = {each: _COMMANDS[each] for each in names}
    # None gets as far as the broker.
    broker = f"redis://127.0.0.1:{free_port()}/0"
    ended = dict(zip(asked, run(spoilt, *asked.values(), TRUNKS_BROKER_URL=broker), strict=True))
    assert {each: told for each, told in ended.items() if not _told_in_one_line(told, day)} == {}
    ((status, out, err),) = run(spoilt, ("doctor", "--json"), **nameservers)
    assert (status, err) == (1, "")
    findings = {each["check"]: each for each in map(json.loads, out.splitlines())}
    failing = {check: each for check, each in findings.items() if each["mark"] == "failed"}
    assert failing.keys() == day.failing
    assert all(each["mend"] for each in failing.values())
    # Each fault is told once, and the other lines name that one.
    told = [each["detail"] for each in failing.values() if not each["mend"].startswith("see the line about")]
    assert len(told) == len(set(told))


def _told_in_one_line(ended: Ended, day: BadDay) -> bool:
    status, out, err = ended
    lines = err.splitlines()
    return (
        (status, out, len(lines)) == (1, "", 1)
        and lines[0].startswith("trunkd: ")
        and all(each in lines[0] for each in day.told)
    )


@pytest.mark.parametrize("name", ["page-lost"])
def test_what_does_not_meet_it_does_its_work(spoilt: Path) -> None:
    revoked, rotated = run(spoilt, *(_COMMANDS[name] for name in ("token revoke", "keys rotate")))
    assert (revoked[0], revoked[2].count("\n")) == (1, 1)
    assert "There is no standing token" in revoked[2]
    assert (rotated[0], rotated[2]) == (0, "")


def test_postgresql_tells_its_bad_days_too(
    scaled_environment: dict[str, str], nameservers: dict[str, str], tmp_path: Path
) -> None:
    """A newer schema, and another key of the right name."""
    with installed(tmp_path, scaled_environment) as installation:
        Store(installation, HandClock()).make_trunk()
        installation.tenancy.keys.credential_hash()
        another = scaled_environment | {"TRUNKS_SECRET_KEYS": "k1:" + "B" * 43 + "="}
        _require_told(tmp_path, another, nameservers, BAD_DAYS["another-key"])
        with installation.database.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        _require_told(tmp_path, scaled_environment, nameservers, BAD_DAYS["newer-schema"])


def _require_told(
    folder: Path, environment: dict[str, str], nameservers: dict[str, str], day: BadDay
) -> None:
    commands = [_COMMANDS[name] for name in ("worker", "migrate", "token list")]
    ended = run(folder, *commands, **environment)
    assert [each for each in ended if not _told_in_one_line(each, day)] == []
    ((status, out, err),) = run(folder, ("doctor", "--json"), **environment | nameservers)
    failing = {each["check"] for each in map(json.loads, out.splitlines()) if each["mark"] == "failed"}
    assert (status, err) == (1, "")
    assert failing >= day.failing
