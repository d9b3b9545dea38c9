"""The commands that end by themselves, and what a wrong installation is told: one line, and no traceback."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.trunkd.daemon import run_trunkd
from tests.trunkd.prepared import installed
from trunkd.main import app
from trunks.installation.settings import setting_names


def test_help_lists_the_settings_with_their_defaults(tmp_path: Path) -> None:
    told = run_trunkd("--help", folder=tmp_path, COLUMNS="200").stdout
    for name in setting_names():
        assert name in told
    assert "TRUNKS_PORT (8080)" in told
    assert "TRUNKS_BROKER_URL (none)" in told
    for command in ("up", "api", "worker", "beat", "migrate", "environment", "token"):
        assert command in told


def test_tenants_and_tokens_from_the_command_line(tmp_path: Path) -> None:
    assert run_trunkd("migrate", folder=tmp_path).returncode == 0
    made = run_trunkd(
        "environment",
        "create",
        "acme",
        "--no-allow-custom-sip-trunks",
        "--rate-limit",
        "100",
        "--no-shared-asking",
        folder=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    listed = run_trunkd("environment", "list", folder=tmp_path).stdout
    assert listed == f"{made.stdout.strip()}\tacme\tno-custom-trunks\t100\town-asking\n"
    again = run_trunkd("environment", "create", "acme", folder=tmp_path)
    assert (again.returncode, again.stderr) == (1, "trunkd: There is an environment 'acme' already.\n")
    token = run_trunkd("token", "create", "--environment", "acme", "--label", "ci", folder=tmp_path)
    assert re.fullmatch(r"trunks_[\w-]{43}\n", token.stdout)
    assert token.stderr == ""
    listed = run_trunkd("token", "list", folder=tmp_path).stdout
    token_id, *rest = listed.rstrip("\n").split("\t")
    assert rest == ["acme", "standing", "ci", "full"]
    assert token.stdout.strip() not in listed
    assert run_trunkd("token", "revoke", token_id, folder=tmp_path).returncode == 0
    assert "revoked" in run_trunkd("token", "list", folder=tmp_path).stdout


def test_tokens_of_each_scope_and_none_of_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: typer's runner, with the store in a folder of its own."""
    monkeypatch.setenv("TRUNKS_DATA_DIR", str(tmp_path / "var"))
    for made in (("migrate",), ("environment", "create", "acme")):
        assert CliRunner().invoke(app, made).exit_code == 0
    for given in (("--environment", "acme", "--read-only"), ("--operator", "--label", "o")):
        assert CliRunner().invoke(app, ("token", "create", *given)).exit_code == 0
    for wrong in (
        (),
        ("--read-only",),
        ("--operator", "--environment", "acme"),
        ("--operator", "--read-only"),
    ):
        ended = CliRunner().invoke(app, ("token", "create", *wrong))
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert "--environment" in ended.stderr or "--operator" in ended.stderr
    listed = CliRunner().invoke(app, ("token", "list")).stdout
    rows = [line.split("\t")[1:] for line in listed.splitlines()]
    assert rows == [["acme", "standing", "", "read-only"], ["-", "standing", "o", "operator"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ("environment", "create", "{}"),
        ("token", "create", "--environment", "acme", "--label", "{}"),
        ("token", "create", "--operator", "--label", "{}"),
        ("maintenance", "begin", "--environment", "acme", "--note", "{}"),
    ],
)
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("two\nlines", r"'two\\nlines', with some that are not printable"),
        ("a\tfield", r"'a\\tfield'"),
        ("\u202eturned", r"'\\u202eturned'"),
        ("\udce9", r"'\\udce9'"),  # how Python hands over a byte of another encoding
        ("x" * 256, "with 256 characters"),
    ],
)
def test_words_that_no_row_can_show_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], text: str, told: str
) -> None:
    monkeypatch.setenv("TRUNKS_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "500")
    for made in (("migrate",), ("environment", "create", "acme")):
        assert CliRunner().invoke(app, made).exit_code == 0
    ended = CliRunner().invoke(app, [text if each == "{}" else each for each in arguments])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert told in ended.stderr
    assert "printable characters, in a line" in ended.stderr
    assert CliRunner().invoke(app, ("environment", "list")).stdout.count("\n") == 1
    assert CliRunner().invoke(app, ("token", "list")).stdout == ""


def test_a_row_is_a_line_whatever_a_former_version_let_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKS_DATA_DIR", str(tmp_path / "var"))
    with installed(tmp_path, {}) as installation:
        installation.tenancy.tenants.create_environment("acme")
        installation.tenancy.tenants.create_token("acme", label="two\nlines\tand fields")
    listed = CliRunner().invoke(app, ("token", "list")).stdout
    assert listed.rstrip("\n").split("\t")[1:] == ["acme", "standing", r"two\nlines\tand fields", "full"]


@pytest.mark.parametrize(
    "arguments",
    [
        (b"environment", b"create", b"caf\xe9"),
        (b"token", b"create", b"--environment", b"caf\xe9"),
        (b"maintenance", b"begin", b"--carrier", b"caf\xe9.example"),
        (b"trunks", b"import", b"caf\xe9.csv", b"--environment", b"acme"),
        (b"keys", b"caf\xe9"),
    ],
)
def test_an_argument_that_is_no_text_ends_in_lines_and_no_traceback(
    tmp_path: Path, arguments: tuple[bytes, ...]
) -> None:
    assert run_trunkd("migrate", folder=tmp_path).returncode == 0
    ended = subprocess.run(
        [Path(sys.executable).with_name("trunkd"), *arguments],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"Traceback" not in ended.stderr
    assert b"caf" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "told"),
    [
        (("up",), {"TRUNKS_PORT": "x"}, 2, "TRUNKS_PORT: 'x'"),
        (("up",), {"TRUNKS_DATA_DIR": "/proc/none"}, 1, "TRUNKS_DATA_DIR: '/proc/none' cannot be written"),
        (("up",), {"TRUNKS_HOST": "192.0.2.1"}, 1, "cannot be listened at"),
        (("up",), {"TRUNKS_HOST": "no such host"}, 1, "TRUNKS_HOST: 'no such host' cannot be listened at"),
        (("up",), {"TRUNKS_CA_FILE": "/nowhere.pem"}, 2, "/nowhere.pem"),
        (("up",), {"TRUNKS_SIP_SOURCE_ADDRESS": "192.0.2.1"}, 2, "192.0.2.1"),
        (("api",), {}, 1, "TRUNKS_BROKER_URL is not set"),
        (("worker",), {}, 1, "TRUNKS_BROKER_URL is not set"),
        (("beat",), {}, 1, "TRUNKS_BROKER_URL is not set"),
        (("worker", "--queues", "verify,x"), {}, 2, "--queues: 'verify,x'"),
        (("token", "list"), {}, 1, "run trunkd migrate"),
        (("token", "revoke", "x"), {}, 1, "run trunkd migrate"),
        (
            ("migrate",),
            {"TRUNKS_DATABASE_URL": "postgresql+psycopg://u@h/x"},
            2,
            "TRUNKS_SECRET_KEYS is not set",
        ),
        (
            ("migrate",),
            {
                "TRUNKS_DATABASE_URL": "postgresql+psycopg://u:hunter2@127.0.0.1:1/x",
                "TRUNKS_SECRET_KEYS": "KEYS",
            },
            1,
            "The database does not answer",
        ),
    ],
)
def test_a_fault_is_one_line(
    tmp_path: Path,
    port: int,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    status: int,
    told: str,
) -> None:
    keys = "k1:" + "A" * 43 + "="
    given = {name: value.replace("KEYS", keys) for name, value in environment.items()}
    given.setdefault("TRUNKS_PORT", str(port))
    ended = run_trunkd(*arguments, folder=tmp_path, **given)
    (line,) = ended.stderr.splitlines()
    assert told in line
    assert ended.returncode == status
    assert "hunter2" not in ended.stderr
    assert ended.stdout == ""
