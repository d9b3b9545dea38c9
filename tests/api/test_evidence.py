"""What a run recorded, as a file that Wireshark opens."""

import subprocess
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from sipcheck import Credentials, Engine, EngineSettings, Report, Target, TransportName
from sipcheck.carrier.server import PracticeCarrier
from sipcheck.report.model import Direction, TraceStep
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort
from tests.api.client import ApiUnderTest
from tests.peers.programs import find_program
from tests.sipcheck.conftest import LOOPBACK
from tests.sipcheck.pcapng_reader import read_pcapng
from tests.trunks.forms import make_report
from trunks.catalog.new_trunk import NewGateway
from trunks.runs.several_gateways import SeveralReport

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

URL = "/api/v1/sip-trunks"
PASSWORD = "demo-password"
DEMO = Credentials("demo", PASSWORD)
UDP, TLS = TransportName.UDP, TransportName.TLS


async def real_reports() -> tuple[Report, Report]:
    """A run by UDP and one by TLS, as a real carrier answers them."""
    async with PracticeCarrier() as carrier:
        settings = EngineSettings(guard=LOOPBACK, ca_file=carrier.ca_file)
        async with Engine(settings) as engine:
            by_udp = await engine.verify(Target("127.0.0.1", carrier.udp_port, UDP), credentials=DEMO)
            by_tls = await engine.verify(Target("127.0.0.1", carrier.tls_port, TLS), credentials=DEMO)
    return by_udp, by_tls


def with_a_cut_message(report: Report) -> Report:
    """Add an answer that was too long to be kept whole."""
    trace = Trace()
    last = report.trace[-1]
    answer = next(step for step in reversed(report.trace) if step.direction is Direction.RECEIVED)
    long = answer.message.replace(b"\r\n\r\n", b"\r\nX-Long: " + b"x" * 9000 + b"\r\n\r\n")
    assert answer.edge is not None
    assert answer.source is not None
    assert answer.destination is not None
    trace.received(answer.edge, long, _endpoint(answer.source), _endpoint(answer.destination))
    return replace(report, trace=(*report.trace, replace(trace.steps[0], at_ms=last.at_ms + 1)))


def _endpoint(text: str) -> HostPort:
    host, _, port = text.rpartition(":")
    return HostPort(host, int(port))


async def evidence(api: ApiUnderTest, trunk_id: str, run_id: str) -> httpx.Response:
    return await api.client.get(f"{URL}/{trunk_id}/verifications/{run_id}/evidence.pcapng")


async def run_with(api: ApiUnderTest, report: Report, **given: str) -> tuple[str, str]:
    gateways = [
        NewGateway(host=f"{number}.carrier.example", port=5060, transport=UDP)
        for number in range(_gateways(report))
    ]
    trunk_id = str(api.store.make_trunk(gateways=tuple(gateways), **given).id)
    answer = await api.verified(trunk_id, report)
    return trunk_id, answer.json()["data"]["verification_id"]


def _gateways(report: Report) -> int:
    return len(report.gateways) if isinstance(report, SeveralReport) else 1


@pytest.mark.peers
async def test_tshark_opens_the_evidence_of_both_gateways(api: ApiUnderTest, tmp_path: Path) -> None:
    by_udp, by_tls = await real_reports()
    by_tls = with_a_cut_message(by_tls)
    values = {name: getattr(by_udp, name) for name in Report.__dataclass_fields__}
    answer = await evidence(api, *await run_with(api, SeveralReport(**values, gateways=(by_udp, by_tls))))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-pcapng"
    assert "attachment" in answer.headers["Content-Disposition"]
    file = tmp_path / "evidence.pcapng"
    file.write_bytes(answer.content)
    read = _tshark(file, str(by_udp.target.port))
    assert len(read) == 13
    assert [method for _, method, status, *_ in read if not status] == ["OPTIONS", "REGISTER", "REGISTER"] * 2
    assert [status for _, method, status, *_ in read if not method] == ["200", "401", "200"] * 2 + ["200"]
    assert not any(malformed for *_, malformed, _ in read)
    transports = [("sip" in protocols, "udp" in protocols, "tls" in protocols) for protocols, *_ in read]
    assert transports == [(True, True, False)] * 6 + [(True, False, False)] * 7
    comments = [comment for *_, comment in read]
    assert all("inside of TLS" in comment for comment in comments[6:])
    assert [("bytes were not kept" in comment) for comment in comments] == [False] * 12 + [True]
    assert PASSWORD.encode() not in answer.content
    assert answer.content.count(b"<redacted>") == 4
    assert b"verified: credentials-proven" in answer.content


def _tshark(file: Path, udp_port: str) -> list[list[str]]:
    """Read protocols, method, status, what is malformed, and the comment of each packet."""
    command = [str(find_program("tshark")), "-n", "-r", str(file), "-d", f"udp.port=={udp_port},sip"]
    command += ["-T", "fields", "-E", "separator=|", "-E", "occurrence=f"]
    for field in ("frame.protocols", "sip.Method", "sip.Status-Code", "_ws.malformed", "frame.comment"):
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [line.split("|") for line in done.stdout.splitlines()]


async def test_a_run_of_one_gateway_has_its_packets_once(api: ApiUnderTest) -> None:
    by_udp, _ = await real_reports()
    answer = await evidence(api, *await run_with(api, by_udp))
    assert len(read_pcapng(answer.content)) == 6


async def test_a_run_without_messages_is_an_empty_capture_with_its_verdict(api: ApiUnderTest) -> None:
    answer = await evidence(api, *await run_with(api, make_report()))
    assert answer.status_code == 200
    assert not read_pcapng(answer.content)
    assert b"The trunk works." in answer.content


async def test_what_a_former_version_recorded_is_refused(api: ApiUnderTest) -> None:
    """Its steps do not say from where to where a message went."""
    step = TraceStep(1.0, "192.0.2.1:5060/udp", Direction.SENT, "OPTIONS sip:a SIP/2.0\n")
    answer = await evidence(api, *await run_with(api, replace(make_report(), trace=(step,))))
    assert (answer.status_code, answer.json()["code"]) == (404, "EVIDENCE_NOT_FOUND")


async def test_what_is_not_there(api: ApiUnderTest) -> None:
    trunk_id, run_id = await run_with(api, make_report())
    api.on_ring = lambda verification_id: None
    queued = (await api.client.post(f"{URL}/{trunk_id}/verify?async=true")).json()["data"]["verification_id"]
    other_trunk = (await api.create(name="other", username="other"))["id"]
    for at_trunk, at_run, code in (
        (trunk_id, queued, "EVIDENCE_NOT_FOUND"),
        (other_trunk, run_id, "VERIFICATION_NOT_FOUND"),
        (trunk_id, str(UUID(int=1)), "VERIFICATION_NOT_FOUND"),
        (str(UUID(int=1)), run_id, "TRUNK_NOT_FOUND"),
    ):
        answer = await evidence(api, at_trunk, at_run)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    tenants = api.store.installation.tenancy.tenants
    tenants.create_environment("another")
    token = tenants.create_token("another")
    answer = await api.client.get(
        f"{URL}/{trunk_id}/verifications/{run_id}/evidence.pcapng",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "TRUNK_NOT_FOUND")
