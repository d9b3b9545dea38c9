"""An example of the documentation, run as it is printed: its servers on free ports, its command, its output."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from sipcheck.carrier.behaviours import CallBehaviour
from sipcheck.carrier.faults import Fault
from sipcheck.cli.main import app
from tests.peers.ports import free_port
from tests.peers.practice import PracticePeer
from tests.peers.process import OwnedProcess
from tests.peers.programs import find_program

_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Times, days, and the ports that the system drew.
_CHANGING = re.compile(r"\b[\d.]+ (?:m?s|seconds)\b|\b\d{4}-\d\d-\d\d\b|(?<=:)\d{5}\b")
# The ports of the printed commands; a target such as name:5060 keeps its number, which is its point.
_PORT = re.compile(r"(?<=127\.0\.0\.1:)(?:5060|5300|5070)\b|(?<=:)5061\b|(?<=', )5070\b")
_CA_FILE = "$PRACTICE_CA"
_COMMAND = Path(sys.executable).with_name("sipcheck")
_WITHIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What one section shows; `transcript` is empty where the output is not printed."""

    servers: tuple[str, ...]
    command: str
    transcript: str

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(re.findall(r"--fault (\S+)", " ".join(self.servers)))


def read_demonstration(section: str) -> Demonstration | None:
    """Read a section's blocks: servers first, the command last, its output behind it."""
    blocks: list[tuple[str, str]] = _BLOCK.findall(section)
    commands = [text.strip() for language, text in blocks if language == "sh"]
    outputs = [text for language, text in blocks if language == "text"]
    if not commands:
        return None
    return Demonstration(tuple(commands[:-1]), commands[-1], "".join(outputs))


def masked(text: str) -> list[str]:
    """Leave out what differs from run to run, and the columns that it pushes about."""
    lines = (re.sub(r" +", " ", _CHANGING.sub("*", line)).strip() for line in text.splitlines())
    return [line for line in lines if line]


def run_demonstration(shown: Demonstration, folder: Path) -> str:
    """Run it and return its output, with the ports as they are printed."""
    places: dict[str, str] = {}
    with ExitStack() as stack:
        # The carrier first: the name server's zone names its port.
        for server in sorted(shown.servers, key=lambda text: not text.startswith("sipcheck carrier")):
            places |= stack.enter_context(_running(server, folder, places))
        output = _run_command(_placed(shown.command, places))
    for printed, real in places.items():
        output = re.sub(rf"(?<![\w.]){re.escape(real)}(?!\w)", printed, output)
    return output


def _placed(text: str, places: dict[str, str]) -> str:
    placed = _PORT.sub(lambda match: places.get(match[0], match[0]), text)
    return placed.replace(_CA_FILE, places.get(_CA_FILE, ""))


@contextmanager
def _running(server: str, folder: Path, places: dict[str, str]) -> Iterator[dict[str, str]]:
    words = shlex.split(server)
    if words[:2] == ["sipcheck", "carrier"]:
        chosen = list(zip(words[2::2], words[3::2], strict=True))
        if {option for option, _ in chosen} - {"--fault", "--calls"}:
            raise ValueError(f"not a command for the practice carrier: {server!r}")
        faults = [Fault(name) for option, name in chosen if option == "--fault"]
        calls = dict(chosen).get("--calls", CallBehaviour.ECHO)
        with PracticePeer(faults, calls=CallBehaviour(calls)) as peer:
            carrier = peer.running
            yield {
                "5060": str(carrier.udp_port),
                "5061": str(carrier.tls_port),
                _CA_FILE: str(carrier.ca_file),
            }
    elif words[:4] == ["unbound", "-d", "-p", "-c"]:
        with _name_server(Path(words[4]), folder, places) as port:
            yield {"5300": port}
    elif words[0] == "python3":
        with _listener(server) as port:
            yield {"5070": port}
    else:
        raise ValueError(f"not a server of a demonstration: {server!r}")


@contextmanager
def _name_server(configuration: Path, folder: Path, places: dict[str, str]) -> Iterator[str]:
    port = str(free_port())
    text = configuration.read_text(encoding="utf-8").replace("5300", port)
    own = folder / "unbound.conf"
    own.write_text(re.sub(r"(SRV \d+ \d+) 5060", rf"\1 {places.get('5060', '5060')}", text))
    # A copy: Debian's AppArmor profile is tied to the installed path, and lets it read no folder of ours.
    program = shutil.copy(find_program("unbound"), folder / "unbound")
    log_file = folder / "unbound.log"
    server = OwnedProcess(
        str(program),
        ["-d", "-p", "-c", str(own)],
        ready=lambda: "start of service" in server.log(),
        log_file=log_file,
    )
    with server:
        yield port


@contextmanager
def _listener(command: str) -> Iterator[str]:
    port = str(free_port())
    text = _placed(command, {"5070": port}).replace("python3", f"exec {shlex.quote(sys.executable)}", 1)
    with subprocess.Popen(["/bin/sh", "-c", text], stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or "full" not in process.stdout.readline():
                raise ValueError(f"this does not say when it is ready: {command!r}")
            yield port
        finally:
            process.kill()


def _run_command(command: str) -> str:
    words = shlex.split(command.replace("\\\n", " "))
    environment = dict(os.environ)
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if words[0] == "sipcheck":
        return CliRunner().invoke(app, words[1:], env=environment).output
    words[words.index("sipcheck")] = str(_COMMAND)
    environment["PYTHONIOENCODING"] = "utf-8"
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=_WITHIN_SECONDS, env=environment
    )
    return done.stdout + done.stderr
