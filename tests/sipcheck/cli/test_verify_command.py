"""`sipcheck verify`: options, exit statuses and usage errors (docs/design/command-line.md)."""

import contextlib
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sipcheck.cli.main import app
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.kamailio import PASSWORD, USERNAME, Kamailio
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer, silent

ENVIRONMENT = {"RIGHT": PASSWORD, "WRONG": "battery staple", "EMPTY": ""}
LOOPBACK = ("--allow-network", "127.0.0.0/8")


def run(*arguments: str, stdin: str | None = None, env: Mapping[str, str | None] | None = None) -> Result:
    return CliRunner().invoke(app, ["verify", *arguments], input=stdin, env=env or ENVIRONMENT)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--port", "0"), "1 to 65535"),
        (("--port", "70000"), "1 to 65535"),
        (("--port", "abc"), "abc"),
        (("--port", "5081"), "5081"),
        (("--transport", "foo"), "'udp'"),
        (("--allow-network", "10.0.0.0/33"), "10.0.0.0/33"),
        (("--allow-network", "10.0.0.1/8"), "host bits"),
        (("--allow-network", "lan"), "127.0.0.0/8"),
        (("--allow-port", "0"), "1 to 65535"),
        (("--nameserver", "ns.example"), "give an address"),
        (("--nameserver", "192.0.2.1:99999"), "99999"),
        (("--ca-file", "/nonexistent.pem"), "/nonexistent.pem"),
        (("--ca-file", __file__), "BEGIN CERTIFICATE"),
        (("--timeout", "soon"), "soon"),
        (("--timeout", "0"), "positive"),
        (("--timeout", "-1"), "positive"),
        (("--timeout", "nan"), "positive"),
        (("--timeout", "inf"), "positive"),
        (("--timeout", "1_0"), "positive"),
        (("--timeout", "1e300"), "up to 3600"),
        (("--timeout", "3601"), "up to 3600"),
        (("--username", "a", "--password-file", "/dev/zero"), "holds more than 4096 bytes"),
        (("--source-address", "here"), "here"),
        (("--source-address", "192.0.2.1"), "192.0.2.1"),
        (("--outbound-proxy", "a b"), "a b"),
        (("--username", "alice"), "--password-env"),
        (("--username", "", "--password-env", "RIGHT"), "empty"),
        (("--username", "a\nb", "--password-env", "RIGHT"), "control character"),
        (("--password-env", "RIGHT"), "--username"),
        (("--auth-username", "bob"), "--username"),
        (("--realm", "r"), "--username"),
        (("--username", "alice", "--password-env", "RIGHT", "--realm", ""), "--realm '' is empty"),
        (
            ("--username", "alice", "--password-env", "RIGHT", "--auth-username", ""),
            "--auth-username '' is empty",
        ),
        (("--username", "alice", "--password-env", "UNSET_VARIABLE"), "UNSET_VARIABLE"),
        (("--username", "alice", "--password-env", "EMPTY"), "EMPTY"),
        (("--username", "alice", "--password-file", "/nonexistent"), "/nonexistent"),
        (("--username", "alice", "--password-file", "/"), "/"),
        (("--username", "alice", "--password-stdin"), "empty"),
        (("--username", "alice", "--password-env", "RIGHT", "--password-stdin"), "2 times"),
        (("--proof", "register"), "--username"),
        (("--proof", "maybe"), "maybe"),
        (("--no-such-option",), "--no-such-option"),
    ],
)
@pytest.mark.parametrize("output", [(), ("--json",)])
def test_a_usage_error_speaks_on_standard_error_alone(
    arguments: tuple[str, ...], said: str, output: tuple[str, ...]
) -> None:
    result = run("127.0.0.1:5080", *arguments, *output)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in " ".join(result.stderr.split())
    assert PASSWORD not in result.stderr


@pytest.mark.parametrize(
    "target", ["", "http://x", "a b", "sip:", "x" * 300, "1.2.3", "sip:bob:hunter2@x.example"]
)
def test_an_invalid_target_is_a_report_and_status_2(target: str) -> None:
    result = run(target, "--json")
    assert result.exit_code == 2, result.stderr
    report = json.loads(result.stdout)
    assert (report["outcome"], report["reason"]) == ("failed", "target-invalid")
    assert "hunter2" not in result.output


def test_a_forbidden_address_is_status_1() -> None:
    result = run("127.0.0.1", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["reason"] == "address-forbidden"


@pytest.mark.parametrize(
    ("password", "status", "reason"),
    [("RIGHT", 0, "credentials-proven"), ("WRONG", 1, "credentials-rejected")],
)
def test_passwords(
    password: str, status: int, reason: str, kamailio_factory: Callable[..., Kamailio]
) -> None:
    registrar = kamailio_factory()
    result = run(
        "carrier.example",
        *("--outbound-proxy", f"127.0.0.1:{registrar.port}", "--transport", "udp"),
        *("--username", USERNAME, "--password-env", password, *LOOPBACK, "--json"),
    )
    assert result.exit_code == status, result.output
    assert json.loads(result.stdout)["reason"] == reason
    assert ENVIRONMENT[password] not in result.output


@pytest.mark.parametrize("output", [(), ("--json",)])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_no_digest_response_leaves_the_program(
    algorithm: str, output: tuple[str, ...], kamailio_factory: Callable[..., Kamailio]
) -> None:
    registrar = kamailio_factory(algorithm=algorithm)
    result = run(
        "carrier.example",
        *("--outbound-proxy", f"127.0.0.1:{registrar.port}", "--transport", "udp"),
        *("--username", USERNAME, "--password-env", "RIGHT", *LOOPBACK, *output),
    )
    assert result.exit_code == 0, result.output
    assert "credentials" in result.output
    responses = re.findall(r"response=(?!<redacted>)\S+", result.output)
    assert responses == []
    assert PASSWORD not in result.output


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_the_other_sources_of_a_password(
    source: str, kamailio_factory: Callable[..., Kamailio], tmp_path: Path
) -> None:
    registrar = kamailio_factory()
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    arguments = ("--password-file", str(file)) if source == "file" else ("--password-stdin",)
    result = run(
        "carrier.example",
        *("--outbound-proxy", f"127.0.0.1:{registrar.port}", "--transport", "udp"),
        *("--username", USERNAME, *arguments, *LOOPBACK),
        stdin=f"{PASSWORD}\n" if source == "stdin" else None,
    )
    assert result.exit_code == 0, result.output


def test_status_3_and_4(kamailio_factory: Callable[..., Kamailio]) -> None:
    registrar = kamailio_factory(options_challenged=True)
    reachable = run(
        "carrier.example", "--outbound-proxy", f"127.0.0.1:{registrar.port}", "--transport", "udp", *LOOPBACK
    )
    assert reachable.exit_code == 4, reachable.output
    inconclusive = run("carrier.example", "--nameserver", "127.0.0.1:9", "--timeout", "1")
    assert inconclusive.exit_code == 3, inconclusive.output


def test_the_drawn_form(kamailio_factory: Callable[..., Kamailio], certificates: Certificates) -> None:
    registrar = kamailio_factory(certificate=certificates[CertificateKind.GOOD])
    result = run(
        "carrier.example",
        *("--outbound-proxy", f"127.0.0.1:{registrar.tls_port}", "--transport", "tls"),
        *(
            "--ca-file",
            str(certificates.ca_file),
            "--username",
            USERNAME,
            "--password-env",
            "RIGHT",
            *LOOPBACK,
        ),
    )
    # The certificate names the domain, and the name given to RFC 3263 is the proxy's (requirement 21).
    assert result.exit_code == 1
    text = result.stdout
    assert "\x1b" not in text
    assert (
        text.index("What was sent") < text.index("Checks") < text.index("Certificate") < text.index("FAILED")
    )
    assert "tls-name-mismatch" in text
    assert "carrier.example" in text
    assert all(len(line) <= 120 for line in text.splitlines())


def process(*arguments: str, encoding: str = "utf-8") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "sipcheck.cli.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={"PYTHONIOENCODING": encoding, "PATH": "/usr/bin:/bin"},
    )


def test_an_output_that_carries_no_unicode_gets_ascii(udp_peer_factory: Callable[..., UdpPeer]) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request, 403, "Zugriff verweigert – café")])
    result = process("verify", f"127.0.0.1:{peer.port}", *LOOPBACK, "--timeout", "0.3", encoding="ascii")
    assert result.returncode == 1
    assert "--> OPTIONS" in result.stdout
    assert "403 Zugriff verweigert ? caf?" in result.stdout
    assert result.stdout.isascii()
    assert result.stderr == ""


def test_a_peer_cannot_steer_the_terminal(udp_peer_factory: Callable[..., UdpPeer]) -> None:
    def script(request: bytes) -> list[bytes]:
        lines = [
            line
            for line in request.split(b"\r\n")[1:]
            if line[:4] in (b"Via:", b"From", b"To: ", b"Call", b"CSeq")
        ]
        start = b"SIP/2.0 403 \x1b]0;owned\x07[bold red]\x9b31m\xe2\x80\xae"
        return [b"\r\n".join([start, *lines, b"Server: \x1b[2J", b"", b""])]

    peer = udp_peer_factory(script)
    result = run(f"127.0.0.1:{peer.port}", *LOOPBACK)
    assert result.exit_code == 1
    assert not set(result.stdout) & set("\x1b\x07\x9b\u202e")
    assert "[bold red]" in result.stdout


def test_nobody_reads_any_more(udp_peer_factory: Callable[..., UdpPeer]) -> None:
    peer = udp_peer_factory(silent)
    arguments = f"verify 127.0.0.1:{peer.port} --allow-network 127.0.0.0/8 --timeout 0.3 --json"
    result = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m sipcheck.cli.main {arguments} | true"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr


@pytest.mark.parametrize("output", [(), ("--json",)])
@pytest.mark.parametrize(
    ("redirection", "status", "said"),
    [
        (">/dev/full", 2, "No space left"),
        (">&-", 1, ""),
        ("--username alice --password-stdin <&-", 2, "standard input is empty"),
    ],
)
def test_streams_that_cannot_be_used_are_told_without_a_traceback(
    redirection: str, status: int, said: str, output: tuple[str, ...]
) -> None:
    command = [sys.executable, "-m", "sipcheck.cli.main", "verify", "127.0.0.1", *output]
    result = subprocess.run(
        ["/bin/sh", "-c", f"{shlex.join(command)} {redirection}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert result.returncode == status, result.stderr
    assert "Traceback" not in result.stderr
    assert said in result.stderr


@pytest.mark.parametrize("source", ["file", "stdin", "env"])
def test_a_password_that_is_no_text_is_refused(source: str, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"\xff\xfe\n")
    arguments = {
        "file": ["--password-file", str(file)],
        "stdin": ["--password-stdin"],
        "env": ["--password-env", "ODD"],
    }[source]
    result = subprocess.run(
        [sys.executable, "-m", "sipcheck.cli.main", "verify", "127.0.0.1", "--username", "alice", *arguments],
        capture_output=True,
        input=file.read_bytes(),
        check=False,
        timeout=30,
        env={b"ODD": b"\xff\xfe", b"PYTHONIOENCODING": b"utf-8"},
    )
    assert result.returncode == 2
    assert result.stdout == b""
    assert b"not UTF-8" in result.stderr
    assert b"Traceback" not in result.stderr


def sleeps(pid: int) -> bool:
    """Whether a process waits for something, by its state in proc(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


@pytest.mark.parametrize(("leave", "status"), [("Ctrl-D", 2), ("Ctrl-C", 130)])
def test_the_prompt_is_left_without_a_verdict(leave: str, status: int) -> None:
    terminal, program_side = pty.openpty()
    arguments = ["verify", "127.0.0.1", "--username", "alice", "--password-stdin"]
    with subprocess.Popen(
        [sys.executable, "-m", "sipcheck.cli.main", *arguments],
        stdin=program_side,
        stdout=program_side,
        stderr=program_side,
        start_new_session=True,
    ) as program:
        os.close(program_side)
        shown = b""
        # A read from a terminal has no limit of its own: whoever is killed ends it.
        limit = threading.Timer(60, program.kill)
        limit.daemon = True
        limit.start()
        with open(terminal, "r+b", buffering=0) as screen, contextlib.suppress(OSError):  # EIO: it has ended
            while b"SIP password: " not in shown:
                shown += screen.read(4096)
            # What is typed ahead of the prompt would be flushed with the echo's switching off.
            if leave == "Ctrl-D":
                screen.write(b"\x04")
            else:
                # One that comes between the prompt and the wait for a line is seen by Python only behind that line.
                while not sleeps(program.pid):
                    time.sleep(0.01)
                program.send_signal(signal.SIGINT)
            while data := screen.read(4096):
                shown += data
        limit.cancel()
        assert program.wait(timeout=30) == status, shown
    assert b"Traceback" not in shown
    assert b"FAILED" not in shown


def test_help_names_every_option_of_the_contract() -> None:
    text = process("verify", "--help").stdout
    options = (
        "transport port username auth-username password-env password-file password-stdin realm outbound-proxy "
        "nameserver ca-file tls-strict allow-network allow-port proof source-address timeout json"
    )
    for option in options.split():
        assert f"--{option}" in text


def test_the_command_alone_shows_help_and_a_version() -> None:
    assert "verify" in process().stdout
    assert process("--version").stdout.startswith("sipcheck ")
