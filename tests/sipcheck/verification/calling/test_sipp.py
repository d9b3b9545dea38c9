"""Test calls against sipp, which does what proxies and telephones do not: each row is a carrier's whole side of a call.

sipp fails a call in which anything comes that its scenario does not say, so that what left for it is held from there.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest
import uvloop

from sipcheck import Credentials, Engine, EngineSettings, parse_target
from sipcheck.reasons import CallReason, CallVerdict, Reason
from sipcheck.report.call_report import CallReport
from sipcheck.verification.calling.options import CallOptions
from tests.observed import until
from tests.peers.ports import free_port
from tests.peers.sipp import Sipp, SippMessage, SippSettings
from tests.peers.sipp_scenario import Script
from tests.peers.tls_front import TlsFront
from tests.sipcheck.conftest import LOOPBACK

ALICE = Credentials("alice", "password")
USUAL = CallOptions(number="+4930123456", caller="+4930999999", ring_seconds=20.0, talk_seconds=0.6)
# Until the carrier hangs up.
TALKING = replace(USUAL, talk_seconds=30.0)
# Given up where nothing comes, or nothing more than ringing.
IMPATIENT = replace(USUAL, ring_seconds=1.0)
HERE = ("127.0.0.1", "[media_port]")
FORBIDDEN = "192.0.2.77"
ANSWERED = (CallVerdict.ANSWERED, CallReason.CALL_ANSWERED)
RANG = (CallVerdict.RANG, CallReason.CALL_RANG)

Transport = Literal["udp", "tcp", "tls"]
EACH: Sequence[Transport] = ("udp", "tcp", "tls")
# sipp looks at its sockets without a pause.
AT_ONCE = 4


@dataclass(frozen=True)
class Row:
    """`says` holds what else the report has to say: a field, and its value."""

    name: str
    script: Script
    came_to: tuple[CallVerdict, CallReason | Reason]
    options: CallOptions = USUAL
    transports: Sequence[Transport] = ("udp",)
    holds: Callable[[CallReport, Sequence[SippMessage]], bool] = lambda report, heard: True


def taken(script: Script | None = None) -> Script:
    """Ring, and take the call."""
    script = script or Script().hears("INVITE")
    return script.says(180).says(200, to_invite=True, media=HERE).hears("ACK")


def ended(script: Script) -> Script:
    """Be hung up."""
    return script.hears("BYE").says(200, tag=None)


def hangs_up(script: Script) -> Script:
    return script.asks("BYE").hears_answer(200)


def taken_back(script: Script) -> Script:
    """Let a CANCEL have its effect (RFC 3261 §9.2); a copy of it may have been on its way."""
    script.hears("CANCEL").says(200, contact="").says(487, to_invite=True)
    return script.hears("CANCEL", optional=True).hears("ACK")


def sent(heard: Sequence[SippMessage], method: str) -> int:
    return sum(each.method == method and each.direction == "received" for each in heard)


def challenge(script: Script) -> Script:
    """Ask for a password, whatever it is that was asked."""
    return script.says(
        407, 'Proxy-Authenticate: Digest realm="carrier.example", nonce="n", qop="auth"', tag=None
    )


# Where the carrier hangs up, the end comes when it has said all, and not by our time.
ROWS: Sequence[Row] = [
    Row(
        "behind-its-password",
        ended(taken(challenge(Script().hears("INVITE")).hears("ACK").hears("INVITE"))),
        ANSWERED,
        transports=EACH,
    ),
    Row(
        "without-a-provisional-answer",
        ended(Script().hears("INVITE").says(200, media=HERE).hears("ACK")),
        ANSWERED,
    ),
    Row(
        "answers-twice",
        ended(Script().hears("INVITE").says(200, media=HERE, times=2).hears("ACK")),
        ANSWERED,
        # Each copy of a 2xx gets the ACK again (§13.2.2.4).
        holds=lambda report, heard: sent(heard, "ACK") >= 2,
    ),
    Row(
        "two-branches-of-a-fork",
        hangs_up(
            ended(
                Script()
                .hears("INVITE")
                .says(200, media=HERE)
                .hears("ACK")
                .says(200, to_invite=True, tag="other", media=HERE)
                .hears("ACK")
            )
        ),
        ANSWERED,
        TALKING,
        EACH,
    ),
    Row(
        "a-late-provisional-answer",
        taken_back(Script().hears("INVITE").waits(2500).says(180)),
        RANG,
        IMPATIENT,
    ),
    Row("rings-for-ever", taken_back(Script().hears("INVITE").says(180)), RANG, IMPATIENT, EACH),
    Row(
        "silent-behind-trying",
        taken_back(Script().hears("INVITE").says(100, tag=None)),
        (CallVerdict.INCONCLUSIVE, CallReason.CALL_NO_PROGRESS),
        IMPATIENT,
        EACH,
    ),
    Row(
        "cancel-crosses-the-answer",
        ended(
            Script()
            .hears("INVITE")
            .says(180)
            .hears("CANCEL")
            .says(200, contact="")
            .says(200, to_invite=True, media=HERE)
            .hears("CANCEL", optional=True)
            .hears("ACK")
        ),
        ANSWERED,
        IMPATIENT,
        EACH,
    ),
    Row(
        "offers-anew",
        hangs_up(taken().asks("INVITE").hears_answer(488).acknowledges()),
        ANSWERED,
        TALKING,
        EACH,
    ),
    Row(
        "asks-within-the-call",
        hangs_up(
            taken()
            .asks("OPTIONS")
            .hears_answer(200)
            .asks("UPDATE")
            .hears_answer(488)
            .asks("INFO")
            .hears_answer(405)
            .asks("NOTIFY")
            .hears_answer(481)
        ),
        ANSWERED,
        TALKING,
    ),
    Row(
        "hangs-up-at-once",
        hangs_up(taken()),
        ANSWERED,
        TALKING,
        EACH,
        holds=lambda report, heard: sent(heard, "BYE") == 0,
    ),
    Row("asks-for-the-password-of-a-bye", ended(challenge(taken().hears("BYE"))), ANSWERED),
    Row(
        "answers-a-bye-late",
        taken().hears("BYE").waits(1200).says(200, tag=None),
        ANSWERED,
        holds=lambda report, heard: sent(heard, "BYE") >= 2,
    ),
    Row(
        "never-answers-a-bye",
        taken().hears("BYE").waits(2500),
        ANSWERED,
        holds=lambda report, heard: sent(heard, "BYE") >= 3,
    ),
    Row(
        "never-answers-a-cancel",
        Script().hears("INVITE").says(180).hears("CANCEL").waits(2500),
        RANG,
        IMPATIENT,
        holds=lambda report, heard: sent(heard, "CANCEL") >= 3,
    ),
    Row(
        "sound-before-it-is-taken",
        ended(
            Script()
            .hears("INVITE")
            .says(183, media=HERE)
            .plays()
            .waits(800)
            .says(200, to_invite=True, media=HERE)
            .hears("ACK")
        ),
        ANSWERED,
        transports=EACH,
        holds=lambda report, heard: (
            report.media.early > 10 and (report.media.first_packet_ms or 0) < (report.timing.answered_ms or 0)
        ),
    ),
    Row(
        "floods-with-provisional-answers",
        Script().hears("INVITE").says(180, times=300).says(486, to_invite=True).hears("ACK"),
        (CallVerdict.REFUSED, CallReason.CALL_BUSY),
    ),
    Row(
        "a-contact-at-a-forbidden-address",
        ended(
            Script()
            .hears("INVITE")
            .says(200, media=HERE, contact=f"sip:carrier@{FORBIDDEN}:5060")
            .hears("ACK")
        ),
        ANSWERED,
        transports=EACH,
    ),
    Row(
        "sound-at-a-forbidden-address",
        ended(Script().hears("INVITE").says(200, media=(FORBIDDEN, "4000")).hears("ACK")),
        (CallVerdict.INCONCLUSIVE, CallReason.MEDIA_UNUSABLE),
        holds=lambda report, heard: report.media.sent_packets == 0,
    ),
    Row(
        "leads-to-a-forbidden-address",
        Script().hears("INVITE").says(302, contact=f"sip:x@{FORBIDDEN}:5060").hears("ACK"),
        (CallVerdict.REFUSED, Reason.SIP_REDIRECTED),
        holds=lambda report, heard: (
            f"sends the call elsewhere (302 Phrase): to {FORBIDDEN}" in report.summary
        ),
    ),
    Row(
        "rings-with-a-session",
        ended(
            Script()
            .hears("INVITE")
            .says(183, media=HERE)
            .says(180, media=HERE)
            .says(200, to_invite=True, media=HERE)
            .hears("ACK")
        ),
        ANSWERED,
    ),
]


@dataclass
class Played:
    """A row over one transport: what our report says, and what sipp has to say."""

    row: Row
    report: CallReport
    heard: Sequence[SippMessage]
    status: int | None
    said: str = field(repr=False)


async def play(row: Row, transport: Transport, folder: Path, engine: Engine, front: TlsFront) -> Played:
    """Debian's sipp speaks no TLS: a front does, and hands on by TCP."""
    port = free_port()
    at = f"127.0.0.1:{port};transport=tls"
    file = row.script.write(folder / "scenario.xml", **({"at": at} if transport == "tls" else {}))
    spoken: Literal["udp", "tcp"] = "udp" if transport == "udp" else "tcp"
    async with contextlib.AsyncExitStack() as stack:
        sipp = stack.enter_context(
            Sipp(SippSettings(scenario=file, transport=spoken, calls=1, echo=True), folder)
        )
        target = parse_target(f"sip:127.0.0.1:{sipp.port};transport={transport}")
        if transport == "tls":
            await stack.enter_async_context(front.before(sipp.port, port))
            target = parse_target(f"sip:{at}")
        report = await engine.call(target, row.options, credentials=ALICE)
        await until(lambda: not sipp.running, sipp.log)
        return Played(row, report, sipp.messages(), sipp.exit_status, sipp.log())


async def play_all(
    folder: Callable[[], Path], keys: Sequence[tuple[Row, Transport]], front: TlsFront
) -> dict[tuple[str, Transport], Played]:
    """Some at once: what one of them waits for, the others do not."""
    places = asyncio.Semaphore(AT_ONCE)
    async with Engine(EngineSettings(guard=LOOPBACK, ca_file=front.ca_file)) as engine:

        async def one(row: Row, transport: Transport) -> Played:
            async with places:
                return await play(row, transport, folder(), engine, front)

        found = await asyncio.gather(*(one(*key) for key in keys))
    return {(row.name, transport): each for (row, transport), each in zip(keys, found, strict=True)}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, Transport], Played]:
    """Each transport by each loop; a row that goes over more than one has both loops."""
    front = TlsFront(tmp_path_factory.mktemp("front"))
    keys = [(row, transport) for row in ROWS for transport in row.transports]
    found: dict[tuple[str, Transport], Played] = {}
    for turn, loop_factory in enumerate((asyncio.new_event_loop, uvloop.new_event_loop)):
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            found |= runner.run(play_all(lambda: tmp_path_factory.mktemp("sipp"), keys[turn::2], front))
    return found


@pytest.mark.peers
@pytest.mark.parametrize(
    ("name", "transport"),
    [
        pytest.param(row.name, transport, id=f"{row.name}-{transport}")
        for row in ROWS
        for transport in row.transports
    ],
)
def test_what_a_carrier_may_do(
    name: str, transport: Transport, calls: dict[tuple[str, Transport], Played]
) -> None:
    played = calls[name, transport]
    report = played.report
    assert (report.outcome, report.reason) == played.row.came_to, report.summary
    assert played.status == 0, played.said[-3000:]
    assert played.row.holds(report, played.heard), (report, played.heard)
    # Nothing left for what the guard forbids, and the password at most once.
    assert not any(FORBIDDEN in str(step.destination) for step in report.trace if step.direction == "sent")
    assert sum("Authorization:" in each.text for each in played.heard if each.method == "INVITE") <= 1
