"""A failure of one request on a living edge is told, a wait that is asked for is kept, and our own deadline is ours.

docs/design/sip.md, "Warnings"; docs/design/command-line.md, `retry_at`.
"""

import dataclasses
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report, TransportName, WarningCode
from sipcheck.report.model import CheckName, CheckState
from tests.peers.dns_server import DnsServer
from tests.peers.ports import free_port
from tests.peers.sip_reply import reply_to, split_message
from tests.peers.stream_peer import StreamPeer
from tests.peers.udp_peer import UdpPeer
from tests.sipcheck.provoked.field_rows import (
    FieldRow,
    Place,
    Script,
    assert_row,
    challenge,
    on_each_path,
    scripted,
)

CHALLENGED = (401, [challenge()])
WAIT = [("Retry-After", "300")]
OK: tuple[int, Sequence[tuple[str, str]]] = (200, [])


def proven(name: str, **expected: object) -> FieldRow:
    return FieldRow(
        name=name,
        outcome=Outcome.VERIFIED,
        reason=Reason.CREDENTIALS_PROVEN,
        credentials=CredentialState.PROVEN,
        party=Party.NOBODY,
        exit_status=0,
        **expected,  # type: ignore[arg-type]
    )


def two_edges(first: Script, second: Script | None) -> object:
    """Two SRV targets on loopback; without a script the second one has nobody listening."""

    def scene(stack: ExitStack) -> Place:
        ports = [stack.enter_context(UdpPeer(each)).port if each else free_port() for each in (first, second)]
        zone = "\n".join(
            f"_sip._udp.carrier.test. SRV {number}0 0 {port} n{number}.test.\nn{number}.test. A 127.0.0.1"
            for number, port in enumerate(ports, 1)
        )
        dns = stack.enter_context(DnsServer(zone))
        return Place(target="carrier.test", nameservers=(dns.address,))

    return scene


PROVES = scripted(register=[CHALLENGED, OK])


def failing_options(status: int) -> FieldRow:
    return proven(
        f"options-{status}-register-proven",
        script=scripted(options=status, options_headers=WAIT, register=[CHALLENGED, OK]),
        says=(f"OPTIONS was answered with {status} Phrase, and a wait of 300 seconds is asked for",),
        never_says=("does not answer", "unanswered"),
        warnings=frozenset({WarningCode.OPTIONS_FAILED}),
        knocks=0,
    )


def refused(
    status: int, reason: Reason, cause: Cause | None, *answers: tuple[int, Sequence[tuple[str, str]]]
) -> FieldRow:
    reachable = reason is Reason.ALIVE_CREDENTIALS_UNPROVEN
    return FieldRow(
        name=f"wait-behind-{'a-password' if len(answers) > 1 else 'nothing'}-{status}",
        script=scripted(register=answers),
        outcome=Outcome.REACHABLE if reachable else Outcome.FAILED,
        reason=reason,
        cause=cause,
        credentials=CredentialState.UNPROVEN,
        party=Party.NOBODY if reachable else Party.CONFIGURATION,
        exit_status=4 if reachable else 1,
        says=("it asks to wait 300 seconds",),
    )


WAITS = on_each_path(
    *(
        refused(status, Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.REFUSED_UNCHALLENGED, (status, WAIT))
        for status in (404, 429, 480, 486, 600, 603)
    ),
    refused(404, Reason.ACCOUNT_NOT_FOUND, None, CHALLENGED, (404, WAIT)),
    *(
        refused(
            status, Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.ACCEPTED_THEN_REFUSED, CHALLENGED, (status, WAIT)
        )
        for status in (429, 480, 603)
    ),
)

EDGES = [
    dataclasses.replace(row, windowed=windowed)
    for windowed in (False, True)
    for row in (
        proven(
            "register-503-at-the-first-edge-proof-at-the-second",
            scene=two_edges(scripted(register=[(503, WAIT)]), PROVES),
            says=("REGISTER was answered with 503 Phrase, and a wait of 300 seconds is asked for",),
            warnings=frozenset({WarningCode.REGISTER_REFUSED}),
        ),
        proven(
            "the-first-edge-answers-503-to-all",
            scene=two_edges(scripted(options=503, register=[(503, [])]), PROVES),
            says=("is of no use while others are: OPTIONS was answered with 503 Phrase",),
            never_says=("does not answer", "unanswered"),
            warnings=frozenset({WarningCode.EDGE_DOWN}),
        ),
        proven(
            "the-second-edge-refuses",
            scene=two_edges(PROVES, None),
            says=("is of no use while others are: Connection refused (ECONNREFUSED)",),
            warnings=frozenset({WarningCode.EDGE_DOWN}),
        ),
        proven(
            "the-second-edge-fails-options",
            scene=two_edges(PROVES, scripted(options=503, register=[OK])),
            never_says=("options-failed",),
            warnings=frozenset({WarningCode.EDGE_DOWN}),
        ),
    )
]


def cut_by_us() -> FieldRow:
    """The connection ends on REGISTER so late that the second one has hardly any time before our deadline."""

    def conduct(accepted: socket.socket) -> None:
        buffer = b""
        while data := accepted.recv(65535):
            buffer += data
            while (taken := split_message(buffer)) is not None:
                request, buffer = taken
                if request.startswith(b"REGISTER"):
                    time.sleep(4.6)
                    return
                accepted.sendall(reply_to(request))

    def scene(stack: ExitStack) -> Place:
        return Place(target=f"127.0.0.1:{stack.enter_context(StreamPeer(conduct)).port}")

    return FieldRow(
        name="register-cut-by-our-deadline",
        scene=scene,
        transport=TransportName.TCP,
        options={"timeout_seconds": 5},
        outcome=Outcome.INCONCLUSIVE,
        reason=Reason.DEADLINE_EXCEEDED,
        credentials=CredentialState.UNPROVEN,
        party=Party.OURS,
        exit_status=3,
        never_says=("stayed unanswered", "firewall"),
        warnings=frozenset(),
    )


FAILING_OPTIONS = on_each_path(*(failing_options(status) for status in (408, 500, 503, 504)))
ROWS = [*FAILING_OPTIONS, *WAITS, *EDGES, cut_by_us()]


def run_of(row: FieldRow, reports: Mapping[str, Report | Exception]) -> Report:
    report = reports[str(row)]
    if isinstance(report, Exception):
        raise report
    return report


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])


@pytest.mark.parametrize("row", FAILING_OPTIONS, ids=str)
def test_a_failing_options_warns_on_its_own_check(
    row: FieldRow, reports: Mapping[str, Report | Exception]
) -> None:
    report = run_of(row, reports)
    (check,) = (each for each in report.checks if each.name is CheckName.SIP)
    assert (check.state, check.code) == (CheckState.WARNING, WarningCode.OPTIONS_FAILED)
    assert check.detail.startswith("OPTIONS: ")
    assert report.edges[0].retry_after_seconds == 300
    assert report.retry_at is None


@pytest.mark.parametrize("row", WAITS, ids=str)
def test_a_wait_that_is_asked_for_says_when_to_try_again(
    row: FieldRow, reports: Mapping[str, Report | Exception]
) -> None:
    report = run_of(row, reports)
    finished_at = report.started_at + timedelta(milliseconds=report.duration_ms)
    assert report.retry_at is not None
    assert abs((report.retry_at - finished_at).total_seconds() - 300) < 1
    assert report.edges[0].retry_after_seconds == 300


def test_a_check_speaks_of_the_edge_that_decided(reports: Mapping[str, Report | Exception]) -> None:
    """What another edge gave reason to warn of is named with that edge, or not in the check at all."""
    down = run_of(EDGES[2], reports)
    (transport,) = (each for each in down.checks if each.name is CheckName.TRANSPORT)
    assert transport.code == WarningCode.EDGE_DOWN
    assert transport.detail.startswith(
        f"127.0.0.1:{down.edges[0].port}/udp; 127.0.0.1:{down.edges[1].port}/udp: "
    )
    failed = run_of(EDGES[3], reports)
    (sip,) = (each for each in failed.checks if each.name is CheckName.SIP)
    assert sip.state is CheckState.OK
