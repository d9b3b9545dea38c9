"""Every carrier-caused reason can be provoked: a fault of the practice carrier, and what the engine makes of it.

The verdicts are those of docs/design/sip.md, "Reasons". All runs share one loop, so the table takes as long as its
slowest row.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, replace
from ipaddress import ip_network

import pytest

from sipcheck import Credentials, Engine, EngineSettings, Guard, HostPort, Reason, Report, WarningCode
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.likeness import Likeness
from sipcheck.carrier.server import PracticeCarrier
from sipcheck.report.json_export import report_to_json_text
from sipcheck.report.json_import import read_report
from sipcheck.target import Target, TransportName
from tests.peers.dns_server import DnsServer
from tests.punctual import punctually
from tests.sipcheck.provoked.claims import assert_claims

LOOPBACK = Guard(allow_networks=(ip_network("127.0.0.0/8"),))
DEMO = Credentials("demo", "demo-password")
UDP, TCP, TLS = TransportName.UDP, TransportName.TCP, TransportName.TLS
ZONE = "practice.example. A 127.0.0.1\nsip.practice.example. A 127.0.0.1"
AT_ONCE = 24
AT_ONCE_BY_TLS = 2
SILENT_SECONDS = 2.0  # how long a row may take that ends in silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A carrier with faults, how it is verified, and what comes of it."""

    reason: Reason
    faults: tuple[Fault, ...]
    transport: TransportName
    credentials: Credentials | None = DEMO
    attempts: int = 0
    warnings: frozenset[WarningCode] = frozenset()
    domain: str = "127.0.0.1"
    strict: bool = False
    timeout_seconds: float = 10.0

    def __str__(self) -> str:
        named = "+".join(self.faults) or "no-fault"
        what = "" if self.credentials is DEMO else "-other-credentials"
        return f"{named}-{self.transport}{what}{'' if self.domain == '127.0.0.1' else '-' + self.domain}"


def row(
    reason: Reason,
    *faults: Fault,
    by: tuple[TransportName, ...] = (UDP, TCP),
    attempts: int = 0,
    warnings: frozenset[WarningCode] | set[WarningCode] = frozenset(),
    credentials: Credentials | None = DEMO,
    domain: str = "127.0.0.1",
    strict: bool = False,
    timeout_seconds: float = 10.0,
) -> list[Row]:
    return [
        Row(
            reason=reason,
            faults=faults,
            transport=transport,
            credentials=credentials,
            attempts=attempts,
            warnings=frozenset(warnings),
            domain=domain,
            strict=strict,
            timeout_seconds=timeout_seconds,
        )
        for transport in by
    ]


PROVEN = Reason.CREDENTIALS_PROVEN
UNPROVEN = Reason.ALIVE_CREDENTIALS_UNPROVEN
REFUSED = {WarningCode.REGISTER_REFUSED}

ROWS = [
    *row(PROVEN, by=(UDP, TCP, TLS), attempts=1),
    *row(Reason.ALIVE, credentials=None),
    # Credentials
    *row(Reason.CREDENTIALS_REJECTED, Fault.WRONG_PASSWORD, attempts=1),
    *row(Reason.CREDENTIALS_REJECTED, credentials=Credentials("demo", "another"), attempts=1),
    *row(Reason.CREDENTIALS_REJECTED, credentials=Credentials("nobody", "demo-password"), attempts=1),
    *row(Reason.REGISTRATION_FORBIDDEN, Fault.REGISTRATION_FORBIDDEN, attempts=1),
    *row(Reason.ACCOUNT_NOT_FOUND, Fault.ACCOUNT_NOT_FOUND, attempts=1),
    *row(Reason.CREDENTIALS_MISSING, Fault.OPTIONS_CHALLENGED, credentials=None),
    *row(PROVEN, Fault.OPTIONS_CHALLENGED, attempts=1),
    *row(PROVEN, Fault.OPTIONS_CHALLENGED, Fault.REGISTER_REFUSED, attempts=1, warnings=REFUSED),
    *row(UNPROVEN, Fault.NO_CHALLENGE),
    # Challenges
    *row(PROVEN, Fault.STALE, attempts=2),
    *row(Reason.AUTH_STALE_LOOP, Fault.STALE_LOOP, attempts=2),
    *row(PROVEN, Fault.SHA256, attempts=1),
    *row(PROVEN, Fault.SHA512_256, attempts=1),
    *row(PROVEN, Fault.MD5_SESS, attempts=1),
    *row(PROVEN, Fault.NO_QOP, attempts=1),
    *row(PROVEN, Fault.AUTH_INT, attempts=1),
    *row(PROVEN, Fault.PROXY_AUTH, attempts=1),
    *row(PROVEN, Fault.PROXY_AUTH, Fault.SHA256, Fault.STALE, attempts=2),
    *row(PROVEN, Fault.SEVERAL_CHALLENGES, attempts=1),
    *row(PROVEN, Fault.WRONG_RSPAUTH, attempts=1, warnings={WarningCode.RSPAUTH_WRONG}),
    *row(PROVEN, Fault.OTHER_REALM, attempts=1),
    *row(
        Reason.REALM_MISMATCH,
        Fault.OTHER_REALM,
        credentials=Credentials("demo", "demo-password", realms=("practice.example",)),
    ),
    *row(Reason.AUTH_SCHEME_UNSUPPORTED, Fault.BASIC_AUTH),
    *row(Reason.AUTH_ALGORITHM_UNSUPPORTED, Fault.UNKNOWN_ALGORITHM),
    *row(Reason.AUTH_CHALLENGE_MALFORMED, Fault.MALFORMED_CHALLENGE),
    # Answers without a challenge
    *row(Reason.SIP_FORBIDDEN, Fault.SIP_FORBIDDEN, warnings=REFUSED),
    *row(Reason.SIP_FORBIDDEN, Fault.SIP_FORBIDDEN, credentials=None),
    *row(UNPROVEN, Fault.REGISTER_REFUSED, warnings=REFUSED),
    *row(Reason.SIP_SERVICE_UNAVAILABLE, Fault.SERVICE_UNAVAILABLE),
    *row(Reason.SIP_SERVICE_UNAVAILABLE, Fault.SERVICE_UNAVAILABLE, credentials=None),
    *row(Reason.SIP_SERVER_ERROR, Fault.SERVER_ERROR),
    *row(Reason.SIP_REQUEST_TIMEOUT, Fault.REQUEST_TIMEOUT),
    *row(UNPROVEN, Fault.BAD_REQUEST, warnings=REFUSED),
    *row(Reason.SIP_BAD_REQUEST, Fault.BAD_REQUEST, credentials=None),
    *row(Reason.SIP_REDIRECTED, Fault.REDIRECT),
    *row(Reason.ALIVE, Fault.REDIRECT, credentials=None),
    # Silence
    *row(Reason.NO_RESPONSE, Fault.SILENT, timeout_seconds=SILENT_SECONDS),
    *row(Reason.NO_RESPONSE, Fault.PROVISIONAL_ONLY, timeout_seconds=SILENT_SECONDS),
    *row(Reason.NO_RESPONSE, Fault.WRONG_BRANCH, timeout_seconds=SILENT_SECONDS),
    *row(PROVEN, Fault.OPTIONS_IGNORED, attempts=1, warnings={WarningCode.OPTIONS_IGNORED}),
    *row(PROVEN, Fault.OPTIONS_FAILED, attempts=1, warnings={WarningCode.OPTIONS_FAILED}),
    *row(
        UNPROVEN,
        Fault.REGISTER_IGNORED,
        warnings={WarningCode.REGISTER_IGNORED},
        timeout_seconds=SILENT_SECONDS,
    ),
    *row(PROVEN, Fault.SLOW, by=(UDP,), attempts=1, warnings={WarningCode.RETRANSMITTED}),
    *row(PROVEN, Fault.SLOW, by=(TCP,), attempts=1),
    # Answers that are not quite answers
    # No short deadline: whether REGISTER still has its turn decides over the credentials.
    *row(Reason.SIP_NOT_SPOKEN, Fault.NOT_SIP),
    *row(Reason.SIP_MALFORMED_RESPONSE, Fault.MALFORMED, timeout_seconds=SILENT_SECONDS),
    *row(Reason.SIP_MALFORMED_RESPONSE, Fault.TWO_VIAS, timeout_seconds=SILENT_SECONDS),
    *row(PROVEN, Fault.SLOPPY, attempts=1, warnings={WarningCode.REPLY_DEFECTS}),
    *row(PROVEN, Fault.NAT_REWRITE, attempts=1, warnings={WarningCode.NAT_REWRITE}),
    # A challenge from elsewhere is never answered (docs/design/sip.md, requirement 4).
    *row(
        UNPROVEN,
        Fault.RESPONSE_FROM_ELSEWHERE,
        by=(UDP,),
        warnings={WarningCode.RESPONSE_SOURCE_DIFFERS},
    ),
    *row(Reason.CONNECTION_RESET, Fault.CLOSE, by=(TCP, TLS)),
    *row(PROVEN, Fault.CLOSE, by=(UDP,), attempts=1),
    # TLS
    *row(Reason.TLS_EXPIRED, Fault.EXPIRED_CERTIFICATE, by=(TLS,)),
    *row(Reason.TLS_NOT_YET_VALID, Fault.NOT_YET_VALID_CERTIFICATE, by=(TLS,)),
    *row(Reason.TLS_SELF_SIGNED, Fault.SELF_SIGNED_CERTIFICATE, by=(TLS,)),
    *row(Reason.TLS_UNTRUSTED, Fault.UNTRUSTED_CERTIFICATE, by=(TLS,)),
    *row(Reason.TLS_NAME_MISMATCH, Fault.WRONG_NAME_CERTIFICATE, by=(TLS,)),
    *row(Reason.TLS_CLIENT_CERTIFICATE_REQUIRED, Fault.CLIENT_CERTIFICATE, by=(TLS,)),
    *row(Reason.TLS_NOT_SPOKEN, Fault.TLS_NOT_SPOKEN, by=(TLS,)),
    *row(Reason.TLS_HANDSHAKE_FAILED, Fault.HANDSHAKE_CLOSED, by=(TLS,)),
    *row(Reason.TLS_VERSION_UNSUPPORTED, Fault.OLD_TLS, by=(TLS,)),
    *row(
        PROVEN,
        Fault.EXPIRING_CERTIFICATE,
        by=(TLS,),
        attempts=1,
        warnings={WarningCode.CERTIFICATE_EXPIRES_SOON},
    ),
    # An address fits no wildcard and no common name (RFC 5922 §7.2); a name does.
    *row(Reason.TLS_NAME_MISMATCH, Fault.WILDCARD_CERTIFICATE, by=(TLS,)),
    *row(Reason.TLS_NAME_MISMATCH, Fault.COMMON_NAME_ONLY_CERTIFICATE, by=(TLS,)),
    *row(
        PROVEN,
        Fault.WILDCARD_CERTIFICATE,
        by=(TLS,),
        attempts=1,
        domain="sip.practice.example",
        warnings={WarningCode.TLS_WILDCARD_NAME},
    ),
    *row(
        Reason.TLS_NAME_MISMATCH,
        Fault.WILDCARD_CERTIFICATE,
        by=(TLS,),
        domain="sip.practice.example",
        strict=True,
    ),
    *row(
        PROVEN,
        Fault.COMMON_NAME_ONLY_CERTIFICATE,
        by=(TLS,),
        attempts=1,
        domain="practice.example",
        warnings={WarningCode.TLS_COMMON_NAME_ONLY},
    ),
]

# What lies in the target, the DNS, the network and ourselves.
CAUSED_ELSEWHERE = {
    Reason.TARGET_INVALID,
    Reason.ADDRESS_FORBIDDEN,
    Reason.PORT_FORBIDDEN,
    Reason.DNS_NXDOMAIN,
    Reason.DNS_NO_RECORDS,
    Reason.DNS_SERVICE_REFUSED,
    Reason.DNS_SERVFAIL,
    Reason.DNS_TIMEOUT,
    Reason.CONNECTION_REFUSED,
    Reason.CONNECTION_TIMEOUT,
    Reason.HOST_UNREACHABLE,
    Reason.CREDENTIALS_FROZEN,
    Reason.DEADLINE_EXCEEDED,
    Reason.OVERLOADED,
    Reason.CANCELLED,
    Reason.SECRET_UNREADABLE,
    Reason.ADDRESS_RESTING,
    Reason.CALL_FORBIDDEN,
}


@dataclass(frozen=True, slots=True)
class Run:
    report: Report
    attempts: int
    bindings: Mapping[str, tuple[str, ...]]
    of_likeness: Report


async def verify(row: Row, settings: EngineSettings, shared: Engine) -> Run:
    """Verify the carrier, and then one that was made of the report."""
    async with PracticeCarrier(faults=row.faults, transports=(row.transport,)) as carrier:
        report = await ask(row, carrier, settings, shared)
    written = report_to_json_text(report)
    assert written is not None
    like = Likeness(read_report(written.encode()), password=DEMO.password)
    async with PracticeCarrier(like=like, transports=(row.transport,)) as likeness:
        again = await ask(row, likeness, settings, shared)
    return Run(report, carrier.authenticated_attempts, carrier.bindings, again)


async def ask(row: Row, carrier: PracticeCarrier, settings: EngineSettings, shared: Engine) -> Report:
    """Where there is TLS by an engine of its own, which trusts the carrier."""
    async with AsyncExitStack() as opened:
        port = {UDP: carrier.udp_port, TCP: carrier.tcp_port, TLS: carrier.tls_port}[row.transport]
        engine = shared
        if row.transport is TLS:
            trusting = replace(settings, ca_file=carrier.ca_file, tls_strict=row.strict)
            engine = await opened.enter_async_context(Engine(trusting))
        return await engine.verify(
            Target(domain=row.domain, port=port, transport=row.transport),
            credentials=row.credentials,
            timeout_seconds=row.timeout_seconds,
        )


async def verify_all(nameserver: HostPort) -> dict[Row, Run | Exception]:
    """Those with TLS come last, and few at once: each loads the roots of the system, and holds the others' loop."""
    turns = dict.fromkeys((UDP, TCP), asyncio.Semaphore(AT_ONCE)) | {TLS: asyncio.Semaphore(AT_ONCE_BY_TLS)}
    settings = EngineSettings(guard=LOOPBACK, nameservers=(nameserver,))
    found: dict[Row, Run | Exception] = {}

    async def run(row: Row, shared: Engine) -> None:
        async with turns[row.transport]:
            try:
                found[row] = await punctually(lambda: verify(row, settings, shared))
            except Exception as error:  # noqa: BLE001 - raised again in the test of its row
                found[row] = error

    async with Engine(settings) as shared:
        await asyncio.gather(*(run(row, shared) for row in ROWS if row.transport is not TLS))
        await asyncio.gather(*(run(row, shared) for row in ROWS if row.transport is TLS))
    return found


@pytest.fixture(scope="module")
def runs() -> dict[Row, Run | Exception]:
    with ExitStack() as stack:
        dns = stack.enter_context(DnsServer(ZONE))
        return asyncio.run(verify_all(dns.address))


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_fault_and_verdict(row: Row, runs: dict[Row, Run | Exception]) -> None:
    run = runs[row]
    if isinstance(run, Exception):
        raise run
    report = run.report
    assert report.reason is row.reason, report.summary
    assert_claims(report)
    # A busy machine may make any of them send a request twice.
    found = {warning.code for warning in report.warnings}
    assert found - {WarningCode.RETRANSMITTED} == row.warnings - {WarningCode.RETRANSMITTED}
    assert row.warnings <= found
    assert run.attempts == row.attempts
    assert not run.bindings


def telling(report: Report) -> dict[str, object]:
    warned = {warning.code for warning in report.warnings} - {WarningCode.RETRANSMITTED}
    return {
        "outcome": report.outcome,
        "reason": report.reason,
        "cause": report.cause,
        "credentials": report.credentials,
        "warnings": warned,
    }


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_carrier_that_is_like_the_report_gives_the_same_verdict(
    row: Row, runs: dict[Row, Run | Exception]
) -> None:
    run = runs[row]
    if isinstance(run, Exception):
        raise run
    assert telling(run.of_likeness) == telling(run.report), run.of_likeness.summary


def test_every_fault_has_its_row() -> None:
    assert {fault for row in ROWS for fault in row.faults} == set(Fault)


def test_every_reason_that_a_carrier_can_cause_is_provoked() -> None:
    assert {row.reason for row in ROWS} == set(Reason) - CAUSED_ELSEWHERE
