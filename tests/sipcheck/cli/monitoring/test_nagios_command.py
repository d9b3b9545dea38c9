"""`sipcheck nagios`: its answer is on standard output and in the exit status, and a refused password is sent once."""

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sipcheck.carrier.faults import Fault
from sipcheck.cli.main import app
from sipcheck.cli.monitoring.rejections import UNREAD_SECONDS, Fate
from tests.peers.practice import PracticePeer

RIGHT, WRONG = "demo-password", "battery staple"
LOOPBACK = ("--allow-network", "127.0.0.0/8")
DEMO = ("--username", "demo", "--password-env", "PASSWORD")


@pytest.fixture
def practice() -> Iterator[PracticePeer]:
    with PracticePeer() as peer:
        yield peer


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def nagios(*arguments: str, password: str = RIGHT, state: Path | None = None) -> Result:
    folder = () if state is None else ("--state-dir", str(state))
    return CliRunner().invoke(app, ["nagios", *arguments, *LOOPBACK, *folder], env={"PASSWORD": password})


def target(peer: PracticePeer, transport: str = "udp") -> str:
    port = peer.running.udp_port if transport == "udp" else peer.running.tcp_port
    return f"sip:127.0.0.1:{port};transport={transport}"


def records(state: Path) -> list[Path]:
    return list((state / "credentials").iterdir())


def test_ok_with_measures(practice: PracticePeer, state: Path) -> None:
    result = nagios(target(practice), *DEMO, "-w", "20", "-c", "30", "--edges", "1", state=state)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("SIP OK: credentials-proven: ")
    assert "s;20;30;0 rtt=" in result.stdout
    assert "edges_up=1;1:;;0;1\n" in result.stdout
    assert RIGHT not in result.output


@pytest.mark.parametrize("fault", [None, Fault.REGISTRATION_FORBIDDEN])
def test_a_refused_password_is_sent_once_in_ten_runs(fault: Fault | None, state: Path) -> None:
    with PracticePeer([fault] if fault else []) as practice:
        password = RIGHT if fault else WRONG
        first = nagios(target(practice), *DEMO, password=password, state=state)
        assert first.exit_code == 2
        assert "SIP CRITICAL: " + (fault or "credentials-rejected") in first.stdout
        for run in range(9):
            again = nagios(
                target(practice, "udp" if run % 2 else "tcp"), *DEMO, password=password, state=state
            )
            assert again.exit_code == 2
            assert again.stdout.startswith(
                "SIP CRITICAL: credentials-frozen: The credentials were refused on "
            )
            assert "and unchanged since, so not sent again. | " in again.stdout
        assert practice.running.authenticated_attempts == 1
        other = nagios(target(practice), *DEMO, password="another", state=state)
        assert "frozen" not in other.stdout
        assert practice.running.authenticated_attempts == 2


def test_a_password_that_is_right_is_sent_each_time(practice: PracticePeer, state: Path) -> None:
    for _ in range(3):
        assert nagios(target(practice), *DEMO, state=state).exit_code == 0
    assert practice.running.authenticated_attempts == 3
    assert len(records(state)) == 1


def test_what_is_kept_tells_no_password_and_is_the_owners_alone(practice: PracticePeer, state: Path) -> None:
    nagios(target(practice), *DEMO, password=WRONG, state=state)
    (record,) = records(state)
    assert json.loads(record.read_bytes())["fate"] == Fate.REJECTED
    for path in (state, state / "key", record):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        assert not path.is_file() or WRONG.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("since", "sent"), [(5, 0), (UNREAD_SECONDS + 5, 1), (-5, 0), (-UNREAD_SECONDS - 5, 1)]
)
def test_what_was_sent_and_not_read_waits_a_quarter_of_an_hour(
    since: int, sent: int, practice: PracticePeer, state: Path
) -> None:
    nagios(target(practice), *DEMO, state=state)
    (record,) = records(state)
    at = datetime.now(UTC) - timedelta(seconds=since)
    record.write_text(json.dumps({"fate": Fate.SENT, "at": at.isoformat()}))
    result = nagios(target(practice), *DEMO, state=state)
    assert practice.running.authenticated_attempts == 1 + sent
    told = "by a run that did not read the answer, so not sent before" in result.stdout
    assert told == (not sent)


@pytest.mark.parametrize("record", [b"", b"{", b"null", b'{"fate": "?"}', b"\xff" * 300])
def test_a_record_that_is_none_says_nothing(record: bytes, practice: PracticePeer, state: Path) -> None:
    nagios(target(practice), *DEMO, state=state)
    records(state)[0].write_bytes(record)
    assert nagios(target(practice), *DEMO, state=state).exit_code == 0


def test_two_runs_at_once_send_a_wrong_password_once(practice: PracticePeer, state: Path) -> None:
    command = [sys.executable, "-m", "sipcheck.cli.main", "nagios", target(practice), *DEMO, *LOOPBACK]
    runs = [
        subprocess.Popen(
            [*command, "--state-dir", str(state)],
            env={**os.environ, "PASSWORD": WRONG},
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    told = sorted(run.communicate(timeout=60)[0].split()[2] for run in runs)
    assert told == [b"credentials-frozen:", b"credentials-rejected:"]
    assert practice.running.authenticated_attempts == 1


def test_what_nobody_asks_for_is_forgotten(practice: PracticePeer, state: Path) -> None:
    nagios(target(practice), *DEMO, password=WRONG, state=state)
    (old,) = records(state)
    half_a_year_ago = time.time() - 181 * 86400
    os.utime(old, (half_a_year_ago, half_a_year_ago))
    nagios(target(practice), *DEMO, state=state)
    assert old in records(state)  # once a day is enough
    os.utime(state / "looked-through", (half_a_year_ago, half_a_year_ago))
    nagios(target(practice), *DEMO, state=state)
    assert old not in records(state)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing argument"),
        (("127.0.0.1", "--no-such-option"), "--no-such-option"),
        (("127.0.0.1", "--transport", "sctp"), "sctp"),
        (("127.0.0.1", "--port", "0"), "--port '0' is no port"),
        (("127.0.0.1", "--username", "demo"), "--username 'demo' needs a password"),
        (("127.0.0.1", "--proof", "register"), "--proof register proves credentials"),
        (("127.0.0.1", "--timeout", "0"), "--timeout '0'"),
        (("127.0.0.1", "-w", "soon"), "--warning 'soon' is not usable"),
        (("127.0.0.1", "-c", "0"), "--critical '0' is not usable"),
        (("127.0.0.1", "--cert-days", "21,7,1"), "--cert-days '21,7,1' is not usable"),
        (("127.0.0.1", "--edges", "two"), "--edges 'two' is not usable"),
        (("127.0.0.1", "--ca-file", "/nonexistent"), "/nonexistent"),
        (("a b",), "target-invalid"),
        (("127.0.0.1", *DEMO, "--state-dir", "/proc/none"), "--state-dir '/proc/none' cannot be used"),
    ],
)
def test_what_cannot_be_run_is_unknown_and_told_on_standard_output(
    arguments: tuple[str, ...], said: str
) -> None:
    result = nagios(*arguments)
    assert result.exit_code == 3, result.output
    assert result.stdout.startswith("SIP UNKNOWN: ")
    assert said in result.stdout
    assert "Traceback" not in result.output


def test_a_key_that_others_can_read_is_refused(practice: PracticePeer, state: Path) -> None:
    nagios(target(practice), *DEMO, state=state)
    (state / "key").chmod(0o644)
    result = nagios(target(practice), *DEMO, state=state)
    assert result.exit_code == 3
    assert "can be read by others; say chmod 600" in result.stdout


@pytest.mark.parametrize("variable", ["SIPCHECK_STATE_DIR", "STATE_DIRECTORY", "XDG_STATE_HOME"])
def test_where_it_is_kept_by_the_environment(variable: str, practice: PracticePeer, tmp_path: Path) -> None:
    given = {"SIPCHECK_STATE_DIR": None, "STATE_DIRECTORY": None, "XDG_STATE_HOME": None}
    result = CliRunner().invoke(
        app,
        ["nagios", target(practice), *DEMO, *LOOPBACK],
        env={**given, "PASSWORD": RIGHT, variable: str(tmp_path)},
    )
    assert result.exit_code == 0, result.output
    below = "sipcheck" if variable == "XDG_STATE_HOME" else ""
    assert (tmp_path / below / "key").is_file()


def test_an_own_fault_is_unknown_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("sipcheck.cli.monitoring.nagios.answer_of", broken)
    result = nagios("127.0.0.1")
    assert result.exit_code == 3
    assert "SIP UNKNOWN: RuntimeError: a fault of ours" in result.stdout
