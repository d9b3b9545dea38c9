"""`sipcheck verify --pcap FILE`: what the trace recorded, as Wireshark and sngrep read it."""

import stat
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sipcheck import Credentials, Engine, EngineSettings, Target, TransportName
from sipcheck.carrier.server import PracticeCarrier
from sipcheck.cli.main import app
from sipcheck.report.capture import packets_of
from sipcheck.report.pcapng import Packet, write_pcapng
from tests.peers.practice import PracticePeer
from tests.peers.programs import find_program
from tests.sipcheck.conftest import LOOPBACK
from tests.sipcheck.pcapng_reader import read_pcapng

DEMO = Credentials("demo", "demo-password")
UDP, TCP, TLS = TransportName
PASSWORD = "demo-password"


def run(port: int | None, file: Path, *options: str) -> Result:
    target = f"sip:127.0.0.1:{port};transport=udp"
    arguments = ("--allow-network", "127.0.0.0/8", "--pcap", str(file), *options)
    return CliRunner().invoke(app, ["verify", target, *arguments], env={"PASSWORD": PASSWORD})


def test_the_messages_of_a_run_without_its_secrets(tmp_path: Path) -> None:
    file = tmp_path / "run.pcapng"
    file.write_bytes(b"what stood there before" * 1000)
    with PracticePeer() as practice:
        result = run(practice.running.udp_port, file, "--username", "demo", "--password-env", "PASSWORD")
    assert result.exit_code == 0, result.output
    packets = read_pcapng(file.read_bytes())
    methods = [packet.data.partition(b" ")[0] for packet in packets]
    assert [method for method in methods if method != b"SIP/2.0"] == [b"OPTIONS", b"REGISTER", b"REGISTER"]
    assert packets[-2].data.count(b"<redacted>") == 2
    assert {packet.transport for packet in packets} == {"udp"}


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "run.pcapng"
    assert run(1, file, "--timeout", "1", "--allow-port", "1").exit_code == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_pcapng(file.read_bytes())


@pytest.mark.parametrize("place", ["", "none/run.pcapng"])
def test_a_file_that_cannot_be_written_is_told_before_anything_is_sent(place: str, tmp_path: Path) -> None:
    with PracticePeer() as practice:
        result = run(practice.running.udp_port, tmp_path / place)
        assert not practice.running.seen
    assert result.exit_code == 2
    assert f"--pcap '{tmp_path / place}': " in result.stderr
    assert "give a file that can be written" in result.stderr


def test_a_disk_without_room_is_told() -> None:
    result = run(1, Path("/dev/full"), "--timeout", "1", "--allow-port", "1")
    assert result.exit_code == 2
    assert "--pcap '/dev/full': No space left on device" in result.stderr


@pytest.mark.peers
async def test_tshark_reads_each_transport_and_finds_its_sums_right(tmp_path: Path) -> None:
    packets: list[Packet] = []
    async with PracticeCarrier() as carrier:
        ports = {UDP: carrier.udp_port, TCP: carrier.tcp_port, TLS: carrier.tls_port}
        settings = EngineSettings(guard=LOOPBACK, ca_file=carrier.ca_file)
        async with Engine(settings) as engine:
            for transport, port in ports.items():
                target = Target(domain="127.0.0.1", port=port, transport=transport)
                packets += packets_of(await engine.verify(target, credentials=DEMO))
    file = tmp_path / "all.pcapng"
    file.write_bytes(b"".join(write_pcapng(packets, application="test")))
    read = _tshark(file, *(f"tcp.port=={port},sip" for port in ports.values()))
    methods = ["OPTIONS", "", "REGISTER", "", "REGISTER", ""] * 3
    answers = ["", "200", "", "401", "", "200"] * 3
    assert [(line["sip.Method"], line["sip.Status-Code"]) for line in read] == list(
        zip(methods, answers, strict=True)
    )
    good = "1"
    sums = [{line[f"{header}.checksum.status"] for header in ("ip", "udp", "tcp")} - {""} for line in read]
    assert sums == [{good}] * len(packets)


def _tshark(file: Path, *decoded_as: str) -> list[dict[str, str]]:
    """Read the fields of each packet."""
    fields = (
        "sip.Method",
        "sip.Status-Code",
        *(f"{header}.checksum.status" for header in ("ip", "udp", "tcp")),
    )
    command = [str(find_program("tshark")), "-n", "-r", str(file), "-T", "fields", "-E", "separator=|"]
    for field in fields:
        command += ["-e", field]
    for header in ("ip", "udp", "tcp"):
        command += ["-o", f"{header}.check_checksum:TRUE"]
    for rule in decoded_as:
        command += ["-d", rule]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [dict(zip(fields, line.split("|"), strict=True)) for line in done.stdout.splitlines()]
