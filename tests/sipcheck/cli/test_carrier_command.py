"""`sipcheck carrier` as a person runs it: its own process, ended by a signal."""

import asyncio
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from ipaddress import ip_network
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from sipcheck import Credentials, EngineSettings, Guard, Reason, Report, parse_target, verify
from sipcheck.carrier.behaviours import CallBehaviour
from sipcheck.carrier.faults import Fault
from sipcheck.cli.carrier import carrier
from sipcheck.report.json_export import report_to_json_text
from tests.peers.ports import free_port, is_free

RUN = "import typer; from sipcheck.cli.carrier import carrier; typer.run(carrier)"
ROOT = Path(__file__).resolve().parents[3]
WITHIN_SECONDS = 60.0

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def run(*arguments: str) -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-u", "-c", RUN, *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield run


@pytest.fixture
def command() -> Callable[..., tuple[int, str, str]]:
    app = typer.Typer()
    app.command()(carrier)

    def run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, list(arguments))
        return result.exit_code, result.stdout, result.stderr

    return run


Command = Callable[..., tuple[int, str, str]]


def read_introduction(process: "subprocess.Popen[str]") -> list[str]:
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(6)]
    assert "listens on" in lines[0], lines
    return lines


def follow(line: str) -> Report:
    """Do what the printed line says, as a shell and `sipcheck verify` would."""
    variable, program, subcommand, target, *rest = shlex.split(line)
    assert (program, subcommand) == ("sipcheck", "verify")
    name, _, password = variable.partition("=")
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    assert options["--password-env"] == name
    ca_file = options.get("--ca-file")
    ports = frozenset({int(options["--allow-port"])} if "--allow-port" in options else ())
    settings = EngineSettings(
        guard=Guard(allow_networks=(ip_network(options["--allow-network"]),), allow_ports=ports),
        ca_file=Path(ca_file) if ca_file else None,
    )
    credentials = Credentials(options["--username"], password)
    return asyncio.run(verify(parse_target(target), credentials=credentials, settings=settings))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_the_printed_lines_work_and_every_request_is_told(host: str, start: Start) -> None:
    process = start("--host", host, "--port", "0", "--tls-port", "0", "--user", "o'neill:pass word:1")
    lines = read_introduction(process)
    tries = [line for line in lines if "sipcheck verify" in line]
    assert len(tries) == 3
    for line in tries:
        report = follow(line)
        assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
    process.send_signal(signal.SIGTERM)
    output, error = process.communicate(timeout=WITHIN_SECONDS)
    told = output.splitlines()
    assert [re.sub(r" from \S+ by", "", line) for line in told[:3]] == [
        "OPTIONS udp: 200",
        "REGISTER udp: 401",
        "REGISTER with credentials udp: 200",
    ]
    assert len(told) == 9
    assert "pass word" not in output
    assert (process.returncode, error) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_peace(number: signal.Signals, start: Start) -> None:
    process = start("--port", "0", "--tls-port", "0")
    read_introduction(process)
    process.send_signal(number)
    _, error = process.communicate(timeout=WITHIN_SECONDS)
    assert (process.returncode, error) == (0, "")


def test_a_fault_is_shown_and_done(start: Start) -> None:
    process = start("--port", "0", "--tls-port", "0", "--fault", "wrong-password", "--fault", "sha256")
    lines = read_introduction(process)
    assert lines[1] == "Faults: wrong-password, sha256.\n"
    assert follow(lines[3]).reason is Reason.CREDENTIALS_REJECTED


def test_a_port_that_the_guard_refuses_is_allowed_in_the_line(start: Start) -> None:
    address = f"127.8.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"  # another run beside this one has another
    port = next(port for port in (6443, 9042, 9092, 9200, 27017) if is_free(address, port))
    process = start("--host", address, "--port", str(port), "--tls-port", "0")
    lines = read_introduction(process)
    assert f"--allow-port {port}" in lines[3]
    assert "--allow-port" not in lines[5]
    assert follow(lines[3]).reason is Reason.CREDENTIALS_PROVEN


def test_the_faults_are_listed(command: Command) -> None:
    status, output, _ = command("--list-faults")
    assert status == 0
    listed = {line.split()[0]: line.split(maxsplit=1)[1] for line in output.splitlines()}
    assert listed == {fault.value: fault.description for fault in Fault}


def test_what_can_become_of_calls_is_listed(command: Command) -> None:
    status, output, _ = command("--list-calls")
    assert status == 0
    listed = {line.split()[0]: line.split(maxsplit=1)[1] for line in output.splitlines()}
    assert listed == {behaviour.value: behaviour.description for behaviour in CallBehaviour}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--calls", "ecco"), "There is no behaviour for calls 'ecco'; did you mean echo?"),
        (("--calls", "xyzzy"), "There is no behaviour for calls 'xyzzy'; --list-calls names them all."),
        (("--fault", "wrong-pasword"), "There is no fault 'wrong-pasword'; did you mean wrong-password"),
        (("--fault", "xyzzy"), "There is no fault 'xyzzy'; --list-faults names them all."),
        (("--host", "0.0.0.0"), "The host '0.0.0.0' is not loopback"),
        (("--user", "demo"), "A --user is written NAME:PASSWORD"),
        (("--user", ":secret"), "A --user is written NAME:PASSWORD"),
        (("--port", "70000"), "a port is a number from 1 to 65535"),
    ],
)
def test_a_usage_error_is_one_clear_line(arguments: tuple[str, ...], said: str, command: Command) -> None:
    status, output, error = command(*arguments)
    assert (status, output) == (2, "")
    assert said in error
    assert len(error.splitlines()) == 1
    assert "secret" not in error


def test_a_port_in_use_is_one_clear_line(start: Start) -> None:
    port = free_port()
    with closing(socket.create_server(("127.0.0.1", port))):
        process = start("--port", str(port), "--tls-port", "0")
        output, error = process.communicate(timeout=WITHIN_SECONDS)
    assert (process.returncode, output) == (2, "")
    assert error == (
        f"sipcheck: TCP port {port} of 127.0.0.1 is taken by another program; "
        "give another, or 0 for any free one.\n"
    )


def test_it_ends_when_nobody_reads_it_any_more(start: Start) -> None:
    process = start("--port", "0", "--tls-port", "0")
    lines = read_introduction(process)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    follow(lines[3])
    assert process.wait(timeout=WITHIN_SECONDS) == 1
    assert process.stderr.read() == ""


def test_help_says_that_the_password_is_for_practice(command: Command) -> None:
    status, output, _ = command("--help")
    assert status == 0
    assert "never a real one" in " ".join(output.replace("│", " ").split())


def test_a_carrier_like_a_report(start: Start, tmp_path: Path) -> None:
    original = start("--port", "0", "--tls-port", "0", "--fault", "account-not-found")
    report = follow(read_introduction(original)[3])
    original.send_signal(signal.SIGTERM)
    file = tmp_path / "report.json"
    file.write_text(report_to_json_text(report) or "", encoding="utf-8")
    process = start("--like", str(file), "--port", "0", "--tls-port", "0")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    assert "There it came to failed, account-not-found; its password is whatever comes." in lines[1]
    assert follow(lines[3]).reason is Reason.ACCOUNT_NOT_FOUND
