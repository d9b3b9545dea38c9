"""A carrier made of a report: what it does with another password, another way, and with what the report does not show.

That every fault comes round with the same verdict stands in test_faults_provoke.py.
"""

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sipcheck import Cause, Credentials, Engine, EngineSettings, Guard, Reason, Report, Target, TransportName
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.likeness import Likeness, NoLikeness
from sipcheck.carrier.server import PracticeCarrier
from sipcheck.cli.main import app

DEMO = Credentials("demo", "demo-password")
UDP, TCP, TLS = TransportName
LOOPBACK = Guard(allow_networks=(ip_network("127.0.0.0/8"),))


async def ask(
    carrier: PracticeCarrier, credentials: Credentials | None = DEMO, transport: TransportName = UDP
) -> Report:
    port = {UDP: carrier.udp_port, TCP: carrier.tcp_port}[transport]
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        return await engine.verify(Target("127.0.0.1", port, transport), credentials=credentials)


async def report_of(*faults: Fault, credentials: Credentials | None = DEMO) -> Report:
    async with PracticeCarrier(faults=faults, transports=(UDP,)) as carrier:
        return await ask(carrier, credentials)


@pytest.mark.parametrize(
    ("known", "given", "reason"),
    [
        ("demo-password", "demo-password", Reason.CREDENTIALS_PROVEN),
        ("demo-password", "another", Reason.CREDENTIALS_REJECTED),
        (None, "another", Reason.CREDENTIALS_PROVEN),
    ],
)
async def test_the_password(known: str | None, given: str, reason: Reason) -> None:
    async with PracticeCarrier(like=Likeness(await report_of(), known), transports=(UDP,)) as carrier:
        for _ in range(2):  # one run leaves nothing behind for the next
            assert (await ask(carrier, Credentials("demo", given))).reason is reason


async def test_over_another_transport_it_is_the_same() -> None:
    like = Likeness(await report_of(Fault.REGISTRATION_FORBIDDEN))
    async with PracticeCarrier(like=like, transports=(TCP,)) as carrier:
        assert (await ask(carrier, transport=TCP)).reason is Reason.REGISTRATION_FORBIDDEN


async def test_what_the_report_does_not_show_is_not_made_up() -> None:
    like = Likeness(await report_of(credentials=None))
    async with PracticeCarrier(like=like, transports=(UDP,)) as carrier:
        report = await ask(carrier)
    assert (report.reason, report.cause) == (Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.REFUSED_UNCHALLENGED)
    assert any("480 Not In The Report" in step.text for step in report.trace)


async def test_a_server_that_proves_itself_rightly_is_not_told_to_lie() -> None:
    report = await report_of()
    steps = [
        replace(step, text=step.text.replace("Server:", "Authentication-Info: rspauth=<redacted>\nServer:"))
        for step in report.trace
    ]
    like = Likeness(replace(report, trace=tuple(steps)))
    async with PracticeCarrier(like=like, transports=(UDP,)) as carrier:
        assert not (await ask(carrier)).warnings


async def test_a_report_of_what_no_carrier_did_is_refused() -> None:
    async with Engine(EngineSettings()) as engine:
        report = await engine.verify(Target("127.0.0.1"))
    with pytest.raises(NoLikeness, match="its reason is address-forbidden, and no server was asked"):
        Likeness(report)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--like", "/nonexistent"), "--like '/nonexistent': No such file or directory"),
        (("--like", __file__), "it is no report (Invalid JSON"),
        (("--like", "/nonexistent", "--fault", "slow"), "leave --user and --fault out"),
        (("--password-env", "PASSWORD"), "--password-env goes with --like"),
    ],
)
def test_what_cannot_be_used_is_told(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["carrier", *arguments])
    assert result.exit_code == 2
    assert said in result.stderr
