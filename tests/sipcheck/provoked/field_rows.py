"""Rows of what peers in the field do: each provoked over a real socket, and compared in all that a caller reads.

A row's peer is a script of SIP answers over its transport, or a `scene` that starts whatever else it takes. A test file
of one topic has a table of rows, one `verify_all` for it, and one test that calls `assert_row` for each.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sipcheck import (
    Cause,
    CredentialState,
    Engine,
    EngineSettings,
    HostPort,
    Outcome,
    Party,
    Reason,
    Report,
    TransportName,
    WarningCode,
    parse_target,
)
from sipcheck.cli.verify import EXIT_STATUS
from sipcheck.report.json_export import report_to_json
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer, TlsServerSettings
from tests.peers.udp_peer import Reply, UdpPeer
from tests.punctual import punctually
from tests.sipcheck.conftest import ALICE, LOOPBACK
from tests.sipcheck.provoked.claims import assert_claims

AT_ONCE = 8
SILENT_SECONDS = 2  # how long a row may take that ends in silence

# What a peer sends for each request; over TCP an empty chunk closes the connection.
Script = Callable[[bytes], Iterable[bytes | Reply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a scene is to be verified."""

    target: str
    nameservers: tuple[HostPort, ...] = ()
    ca_file: Path | None = None


Scene = Callable[[ExitStack], Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """A peer, how it is verified, and what comes of it.

    `options` go to Engine.verify, `settings` change the engine's. `says` stands in what a person reads,
    `never_says` does not. `facts` are those of the first edge that must be there. `warnings` are all there are,
    but for a retransmission on a busy machine. `windowed` goes by the UDP batch.
    """

    name: str
    outcome: Outcome
    reason: Reason
    cause: Cause | None = None
    credentials: CredentialState
    party: Party
    exit_status: int
    script: Script | None = None
    scene: Scene | None = None
    transport: TransportName = TransportName.UDP
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    never_says: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    warnings: frozenset[WarningCode] | None = None
    knocks: int | None = None
    windowed: bool = False

    def __str__(self) -> str:
        return f"{self.name}-{self.transport}{'-windowed' if self.windowed else ''}"


def on_each_path(*rows: FieldRow) -> list[FieldRow]:
    """Repeat rows of scripts over UDP by both paths, and over TCP and TLS."""
    return [
        each
        for row in rows
        for each in (
            replace(row, transport=TransportName.UDP),
            replace(row, transport=TransportName.UDP, windowed=True),
            replace(row, transport=TransportName.TCP),
            replace(row, transport=TransportName.TLS),
        )
    ]


def scripted(
    *,
    options: int | None = 200,
    register: Sequence[tuple[int, Sequence[tuple[str, str]]] | None],
    options_headers: Sequence[tuple[str, str]] = (),
) -> Script:
    """Answer OPTIONS with one status, and each further transaction of REGISTER with the next of `register`.

    An answer is a status and headers; None stays silent. The last one goes on.
    """

    def script(request: bytes) -> list[bytes]:
        if request.startswith(b"OPTIONS"):
            return [reply_to(request, options, "Phrase", headers=options_headers)] if options else []
        number = cseq_of(request)
        answer = register[min(number, len(register)) - 1]
        return [] if answer is None else [reply_to(request, answer[0], "Phrase", headers=answer[1])]

    return script


def cseq_of(request: bytes) -> int:
    """The number of a request's CSeq."""
    line = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"cseq:"))
    return int(line.split()[1])


def challenge(realm: str = "carrier.test", *, nonce: str = "n0nce1", proxy: bool = False) -> tuple[str, str]:
    """The header of a usable challenge."""
    name = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
    return name, f'Digest realm="{realm}", nonce="{nonce}", algorithm=MD5, qop="auth"'


def _place(row: FieldRow, stack: ExitStack, certificates: Certificates) -> Place:
    if row.scene is not None:
        return row.scene(stack)
    assert row.script is not None, f"{row} has neither a script nor a scene"
    if row.transport is TransportName.UDP:
        return Place(target=f"127.0.0.1:{stack.enter_context(UdpPeer(row.script)).port}")
    script = row.script
    settings = TlsServerSettings(
        certificate=certificates[CertificateKind.SAN_IP] if row.transport is TransportName.TLS else None,
        script=lambda request: (_bytes(each) for each in script(request)),
    )
    port = stack.enter_context(TlsServer(settings)).port
    return Place(target=f"127.0.0.1:{port}", ca_file=certificates.ca_file if settings.certificate else None)


def _bytes(answer: bytes | Reply) -> bytes:
    return answer.data if isinstance(answer, Reply) else answer


@dataclass(slots=True)
class Engines:
    """One engine for all rows of the same settings: each loads the roots of the system, which takes its time."""

    opened: AsyncExitStack
    certificates: Certificates = field(init=False)
    _engines: dict[tuple[EngineSettings, bool], Engine] = field(default_factory=dict)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.certificates = Certificates(Path(self.opened.enter_context(TemporaryDirectory())))

    async def engine(self, settings: EngineSettings, *, windowed: bool) -> Engine:
        async with self._opening:
            if (settings, windowed) not in self._engines:
                engine = await self.opened.enter_async_context(Engine(settings, windowed=windowed))
                self._engines[settings, windowed] = engine
            return self._engines[settings, windowed]


async def _verify_row(row: FieldRow, engines: Engines) -> Report:
    stack = ExitStack()
    try:
        place = _place(row, stack, engines.certificates)
        settings = EngineSettings(guard=LOOPBACK, nameservers=place.nameservers, ca_file=place.ca_file)
        engine = await engines.engine(replace(settings, **row.settings), windowed=row.windowed)
        target = parse_target(place.target, transport=None if "sip:" in place.target else row.transport)
        return await engine.verify(target, **{"credentials": ALICE, "timeout_seconds": 5, **row.options})
    finally:
        # A peer's thread is waited for, some of them for seconds: not on the loop that the other rows run on.
        await asyncio.to_thread(stack.close)


async def verify_row(row: FieldRow) -> Report:
    """Start the row's peer, verify, and end it."""
    async with AsyncExitStack() as opened:
        engines = Engines(opened)
        return await punctually(lambda: _verify_row(row, engines))


async def _verify_all(rows: Sequence[FieldRow]) -> dict[str, Report | Exception]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def run(row: FieldRow, engines: Engines) -> Report | Exception:
        async with turn:
            try:
                return await punctually(lambda: _verify_row(row, engines))
            except Exception as error:  # noqa: BLE001 - raised again in the test of its row
                return error

    async with AsyncExitStack() as opened:
        engines = Engines(opened)
        reports = await asyncio.gather(*(run(row, engines) for row in rows))
    return dict(zip(map(str, rows), reports, strict=True))


def verify_all(rows: Sequence[FieldRow]) -> dict[str, Report | Exception]:
    """Verify all rows on one loop, so that a table takes as long as its slowest; keyed by str(row)."""
    names = list(map(str, rows))
    assert len(set(names)) == len(names), "two rows have one name"
    return asyncio.run(_verify_all(rows))


def told(report: Report) -> str:
    """All that a report says to a person."""
    words = [report.summary, report.advice]
    words += [check.detail for check in report.checks]
    words += [warning.detail for warning in report.warnings]
    return "\n".join(words)


def assert_row(row: FieldRow, report: Report | Exception) -> None:
    """Compare everything that the row expects; raise what its run raised."""
    if isinstance(report, Exception):
        raise report
    found = (report.outcome, report.reason, report.cause, report.credentials, report.party)
    expected = (row.outcome, row.reason, row.cause, row.credentials, row.party)
    assert found == expected, report.summary
    assert EXIT_STATUS[report.outcome] == row.exit_status
    words = told(report)
    for phrase in row.says:
        assert phrase in words, words
    for phrase in row.never_says:
        assert phrase not in words, words
    if row.facts:
        assert row.facts.items() <= report.edges[0].facts.items(), report.edges[0].facts
    if row.warnings is not None:
        codes = {warning.code for warning in report.warnings} - {WarningCode.RETRANSMITTED}
        assert codes == row.warnings - {WarningCode.RETRANSMITTED}, report.warnings
    if row.knocks is not None:
        assert report.knocks == row.knocks, report.knocks
    assert_claims(report)
    exported = json.loads(json.dumps(report_to_json(report)))
    assert (exported["cause"], exported["knocks"]) == (report.cause, report.knocks)
