"""What each report is to a monitoring system: a state, one line, and measures with their limits."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sipcheck.cli.monitoring.plugin_line import (
    Limits,
    PluginState,
    Thresholds,
    answer_of,
    plugin_state,
    unknown,
)
from sipcheck.reasons import CredentialState, Outcome, Party, Reason
from sipcheck.report.model import Certificate, EdgeReport, Report, TargetFacts
from sipcheck.report.rulings import RULINGS
from sipcheck.verification.report_without_run import report_without_run

OK, WARNING, CRITICAL, UNKNOWN = PluginState
AT = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = TargetFacts("carrier.example", None, "tls", "alice", None)
# By the Monitoring Plugins' guidelines names that do not resolve and time that runs out are no UNKNOWN.
STATES = {
    **dict.fromkeys((Reason.CREDENTIALS_PROVEN, Reason.ALIVE), OK),
    **dict.fromkeys(
        (
            Reason.ALIVE_CREDENTIALS_UNPROVEN,
            Reason.CREDENTIALS_MISSING,
            Reason.SIP_REDIRECTED,
            Reason.CALL_FORBIDDEN,
        ),
        WARNING,
    ),
    **dict.fromkeys(
        (
            Reason.TARGET_INVALID,
            Reason.SIP_BAD_REQUEST,
            Reason.DEADLINE_EXCEEDED,
            Reason.OVERLOADED,
            Reason.CANCELLED,
            Reason.SECRET_UNREADABLE,
            Reason.ADDRESS_RESTING,
        ),
        UNKNOWN,
    ),
}


def one_line(text: str) -> str:
    return " ".join(text.split())


def of(reason: Reason) -> Report:
    return report_without_run(reason, TARGET, started_at=AT, duration_ms=1234.5)


def edge(status: int | None, *, days: int | None = None, rtt_ms: float | None = None) -> EdgeReport:
    certificate = None
    if days is not None:
        certificate = Certificate("CN=a", "CN=b", (), AT, days, "TLSv1.3", None, verified=True, error=None)
    return EdgeReport(
        host="a.example",
        address="192.0.2.1",
        port=5061,
        transport="tls",
        priority=1,
        weight=0,
        outcome=Outcome.VERIFIED if status else Outcome.FAILED,
        reason=None,
        sip_status=status,
        sip_reason=None,
        server=None,
        rtt_ms=rtt_ms,
        retransmissions=0,
        retry_after_seconds=None,
        defects=(),
        local_address=None,
        received_address=None,
        certificate=certificate,
    )


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_state_and_its_line(reason: Reason) -> None:
    report = of(reason)
    answer = answer_of(report, Thresholds())
    assert answer.state is STATES.get(reason, CRITICAL)
    first, *rest = answer.text.splitlines()
    said, measures = first.split(" | ")
    assert said == f"SIP {answer.state.name}: {reason}: {one_line(report.summary)}"
    assert measures == "time=1.234s;;;0 edges_up=0;;;0;0"
    assert rest == ([one_line(report.advice)] if report.advice else [])
    assert first.count("|") == 1


def test_the_table_knows_every_reason_by_its_ruling() -> None:
    for reason, ruling in RULINGS.items():
        state = STATES.get(reason, CRITICAL)
        assert (state is OK) == (ruling.outcome is Outcome.VERIFIED)
        assert (state is WARNING) == (ruling.outcome is Outcome.REACHABLE)
        assert (state is UNKNOWN) == (ruling.party is Party.OURS or reason is Reason.TARGET_INVALID)


def test_what_lies_with_us_by_its_cause_is_unknown() -> None:
    assert plugin_state(replace(of(Reason.DNS_TIMEOUT), party=Party.OURS)) is UNKNOWN


LIMITED = Thresholds(seconds=Limits(1, 2), days=Limits(21, 7), edges=Limits(2, 1))


@pytest.mark.parametrize(
    ("report", "state", "said", "measures"),
    [
        (
            {"duration_ms": 900.0, "edges": (edge(200, days=80, rtt_ms=12.3), edge(200, days=30))},
            OK,
            "",
            "time=0.900s;1;2;0 rtt=0.012s;;;0 edges_up=2;2:;1:;0;2 cert_days=30;21:;7:;0",
        ),
        (
            {"duration_ms": 1100.0, "edges": (edge(200, rtt_ms=1), edge(None))},
            WARNING,
            " time is above 1s. edges_up is below 2.",
            "time=1.100s;1;2;0 rtt=0.001s;;;0 edges_up=1;2:;1:;0;2",
        ),
        (
            {"duration_ms": 2000.5, "edges": (edge(503), edge(None))},
            CRITICAL,
            " time is above 2s. edges_up is below 1.",
            "time=2.001s;1;2;0 edges_up=0;2:;1:;0;2",
        ),
        (
            {"duration_ms": 1.0, "edges": (edge(404, days=6), edge(200, days=80))},
            CRITICAL,
            " cert_days is below 7.",
            "time=0.001s;1;2;0 edges_up=2;2:;1:;0;2 cert_days=6;21:;7:;0",
        ),
        (
            {"duration_ms": 1.0, "edges": (edge(200, days=20), edge(200))},
            WARNING,
            " cert_days is below 21.",
            "time=0.001s;1;2;0 edges_up=2;2:;1:;0;2 cert_days=20;21:;7:;0",
        ),
    ],
)
def test_measures_and_their_limits(
    report: dict[str, object], state: PluginState, said: str, measures: str
) -> None:
    proven = replace(of(Reason.CREDENTIALS_PROVEN), credentials=CredentialState.PROVEN, **report)  # type: ignore[arg-type]
    answer = answer_of(proven, LIMITED)
    assert answer.state is state
    line = answer.text.splitlines()[0]
    assert line == f"SIP {state.name}: credentials-proven: {proven.summary}{said} | {measures}"


def test_a_limit_makes_no_better_of_a_failure_and_nothing_of_what_is_unknown() -> None:
    slow = Thresholds(seconds=Limits(1, None))
    assert answer_of(of(Reason.NO_RESPONSE), slow).state is CRITICAL
    assert answer_of(of(Reason.OVERLOADED), slow).state is UNKNOWN
    assert answer_of(of(Reason.SIP_REDIRECTED), Thresholds(seconds=Limits(None, 1))).state is CRITICAL


def test_a_peers_words_neither_begin_the_measures_nor_another_line() -> None:
    report = replace(of(Reason.SIP_FORBIDDEN), summary="it said a | time=0\nb", advice="c|d\ne")
    first, second = answer_of(report, Thresholds()).text.split("\n")
    assert re.fullmatch(
        r"SIP CRITICAL: sip-forbidden: it said a / time=0 b \| time=1\.234s;;;0 edges_up=0;;;0;0", first
    )
    assert second == "c/d e"


def test_credentials_that_stayed_here_are_told() -> None:
    answer = answer_of(of(Reason.CREDENTIALS_FROZEN), Thresholds(), withheld="refused and so on")
    assert answer.text.startswith(
        "SIP CRITICAL: credentials-frozen: The credentials were refused and so on. | "
    )


def test_without_a_report() -> None:
    answer = unknown("--port '0' | is no port")
    assert (answer.state, answer.text) == (UNKNOWN, "SIP UNKNOWN: --port '0' / is no port")
