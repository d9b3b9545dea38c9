"""Each deduction provoked once, by facts; and a real carrier graded by the command."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from sipcheck.auth.challenge import Challenge
from sipcheck.auth.digest import Algorithm
from sipcheck.carrier.faults import Fault
from sipcheck.cli.main import app
from sipcheck.discovery.grade.deductions import DeductionCode, grade
from sipcheck.discovery.grade.facts import GradeFacts
from sipcheck.reasons import Outcome, Reason
from sipcheck.report.model import Certificate, EdgeReport
from tests.peers.practice import PracticePeer

CERTIFICATE = Certificate(
    "CN=a", "CN=b", ("carrier.example",), datetime(2027, 1, 1, tzinfo=UTC), 90, "TLSv1.3", None, True, None
)
SHA = Challenge(False, "r", "n", Algorithm.SHA_256, ("auth",))
MD5 = Challenge(False, "r", "n", Algorithm.MD5, ("auth",))


def way(address: str = "192.0.2.1", transport: str = "udp", **changes: Any) -> EdgeReport:
    plain = EdgeReport(
        host="carrier.example",
        address=address,
        port=5061 if transport == "tls" else 5060,
        transport=transport,
        priority=10,
        weight=0,
        outcome=Outcome.VERIFIED,
        reason=Reason.ALIVE,
        sip_status=200,
        sip_reason="OK",
        server=None,
        rtt_ms=1.0,
        retransmissions=0,
        retry_after_seconds=None,
        defects=(),
        local_address=None,
        received_address=None,
        certificate=CERTIFICATE if transport == "tls" else None,
    )
    return replace(plain, **changes)


GOOD = GradeFacts(
    ways=(way(), way(transport="tcp"), way("2001:db8::1", "tls"), way(transport="tls")),
    by_dns=(way(),),
    challenges=(SHA, MD5),
)
SILENT: dict[str, Any] = {"sip_status": None, "outcome": Outcome.FAILED, "reason": Reason.NO_RESPONSE}


def with_certificate(**changes: Any) -> GradeFacts:
    changed = replace(CERTIFICATE, **changes)
    return replace(
        GOOD,
        ways=tuple(replace(each, certificate=changed) if each.certificate else each for each in GOOD.ways),
    )


PROVOKED: dict[DeductionCode, GradeFacts] = {
    DeductionCode.NOTHING_ANSWERS: replace(GOOD, ways=(way(**SILENT),)),
    DeductionCode.SINGLE_ADDRESS: replace(GOOD, ways=GOOD.ways[:2] + GOOD.ways[3:]),
    DeductionCode.SILENT_ADDRESS: replace(GOOD, by_dns=(way(), way("192.0.2.7", **SILENT))),
    DeductionCode.NO_SRV: replace(
        GOOD, ways=tuple(replace(each, priority=None) for each in GOOD.ways), by_dns=(way(priority=None),)
    ),
    DeductionCode.UDP_ALONE: replace(GOOD, ways=(way(), way("2001:db8::1"))),
    DeductionCode.NO_TLS: replace(GOOD, ways=(way(transport="tcp"), way("2001:db8::1"))),
    DeductionCode.CERTIFICATE_REFUSED: replace(
        GOOD,
        ways=(*GOOD.ways, way("192.0.2.3", "tls", **{**SILENT, "reason": Reason.TLS_EXPIRED})),
    ),
    DeductionCode.CERTIFICATE_ENDS_SOON: with_certificate(days_left=13),
    DeductionCode.CERTIFICATE_ENDS: with_certificate(days_left=14),
    DeductionCode.CERTIFICATE_NAMES: with_certificate(names=("*.carrier.example",)),
    DeductionCode.TLS_1_2_ALONE: with_certificate(tls_version="TLSv1.2"),
    DeductionCode.BASIC_OFFERED: replace(GOOD, basic_offered=True),
    DeductionCode.MD5_ALONE: replace(GOOD, challenges=(MD5,)),
    DeductionCode.NO_QOP: replace(GOOD, challenges=(SHA._replace(qop=()),)),
    DeductionCode.SINGLE_STACK: replace(GOOD, ways=(way(transport="tls"), way("192.0.2.2"))),
    DeductionCode.DEFECTS: replace(GOOD, ways=(*GOOD.ways, way(defects=("bare-lf",)))),
}


def test_a_carrier_without_fault_has_an_a_and_every_point() -> None:
    given = grade(GOOD)
    assert (given.letter, given.points, given.deductions) == ("A", 100, ())


@pytest.mark.parametrize("code", DeductionCode)
def test_each_deduction_by_itself(code: DeductionCode) -> None:
    given = grade(PROVOKED[code])
    found = {deduction.code: deduction for deduction in given.deductions}
    assert code in found
    # What comes with it because of the facts, and not by chance.
    beside = {
        DeductionCode.SINGLE_ADDRESS: {DeductionCode.SINGLE_STACK},
        DeductionCode.UDP_ALONE: {DeductionCode.NO_TLS},
    }
    assert set(found) - {code} == beside.get(code, set())
    assert found[code].points > 0
    assert found[code].source.startswith("RFC ")
    assert found[code].said.endswith(".")
    assert given.points == max(0, 100 - sum(each.points for each in given.deductions))
    assert grade(PROVOKED[code]) == given


@pytest.mark.parametrize(
    ("points", "letter"), [(0, "A"), (10, "A"), (13, "B"), (30, "C"), (35, "D"), (45, "E"), (60, "F")]
)
def test_letters(points: int, letter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    base = PROVOKED[DeductionCode.DEFECTS]
    deduction = replace(grade(base).deductions[0], points=points)
    monkeypatch.setattr("sipcheck.discovery.grade.deductions._RULES", (lambda _: deduction,))
    assert grade(base).letter == letter


def test_the_command_grades_a_practice_carrier() -> None:
    with PracticePeer([Fault.SLOPPY, Fault.NO_QOP]) as practice:
        port = practice.running.udp_port
        arguments = ["grade", f"127.0.0.1:{port}", "--username", "demo", "--password-env", "PASSWORD"]
        options = ["--allow-network", "127.0.0.0/8", "--timeout", "5"]
        runs = [
            CliRunner().invoke(app, [*arguments, *options, *form], env={"PASSWORD": "demo-password"})
            for form in (["--json"], [])
        ]
    graded = json.loads(runs[0].stdout)
    codes = {deduction["code"] for deduction in graded["deductions"]}
    assert codes >= {"single-address", "no-srv", "md5-alone", "no-qop", "single-stack", "defects"}
    assert graded["points"] == max(0, 100 - sum(each["points"] for each in graded["deductions"]))
    drawn = runs[1].stdout
    assert drawn.startswith(f"{graded['grade']}  {graded['points']} of 100  127.0.0.1\n")
    assert "What breaks next: It takes digests by MD5 alone" in drawn
    assert runs[0].exit_code == (1 if graded["grade"] == "F" else 0)
