"""Test calls to the practice carrier, by each of its behaviours: what became of them, in the report and on the wire."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import uvloop

from sipcheck import Credentials, Engine, EngineSettings, parse_target
from sipcheck.carrier.behaviours import CallBehaviour, NumberForm
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.server import PracticeCarrier
from sipcheck.media.codec import Codec
from sipcheck.reasons import CallCause, CallReason, CallVerdict, CredentialState, Reason
from sipcheck.report.call_report import CallReport
from sipcheck.report.json_export import to_json
from sipcheck.target import TransportName
from sipcheck.verification.calling.numbers import NumberFormat
from sipcheck.verification.calling.options import CallOptions
from tests.observed import until
from tests.sipcheck.conftest import LOOPBACK

UDP, TCP, TLS = TransportName.UDP, TransportName.TCP, TransportName.TLS
DEMO = Credentials("demo", "demo-password")
# Long enough for silence to be judged, and no longer.
USUAL = CallOptions(number="+4930123456", caller="+4930999999", ring_seconds=20.0, talk_seconds=1.8)


@contextlib.asynccontextmanager
async def carrier(
    behaviour: CallBehaviour = CallBehaviour.ECHO, **options: object
) -> AsyncIterator[PracticeCarrier]:
    by_udp = {"transports": (UDP,), **options}  # certificates cost time
    async with PracticeCarrier(calls=behaviour, **by_udp) as running:  # type: ignore[arg-type]
        yield running


async def call(
    running: PracticeCarrier,
    options: CallOptions = USUAL,
    *,
    transport: TransportName = UDP,
    credentials: Credentials | None = DEMO,
) -> CallReport:
    port = {UDP: running.udp_port, TCP: running.tcp_port, TLS: running.tls_port}[transport]
    target = parse_target(f"sip:127.0.0.1:{port};transport={transport}")
    settings = EngineSettings(
        guard=replace(LOOPBACK, allow_ports=frozenset({port or 0})), ca_file=running.ca_file
    )
    async with Engine(settings) as engine:
        report = await engine.call(target, options, credentials=credentials)
    assert_told(report)
    return report


def assert_told(report: CallReport) -> None:
    """Whatever the report: its sentences are whole, and it can be written."""
    assert report.summary.endswith(".")
    assert "{" not in report.summary + report.advice
    assert to_json(report)["reason"] == report.reason
    invites = [step.text for step in report.trace if step.text.startswith("INVITE ")]
    assert sum("Authorization:" in text for text in invites) <= len(report.attempts)


BEHAVIOURS = {
    # The outcome, the reason, the last answer, and which ways its sound went.
    CallBehaviour.ECHO: (CallVerdict.ANSWERED, CallReason.CALL_ANSWERED, 200, "both"),
    CallBehaviour.EARLY: (CallVerdict.ANSWERED, CallReason.CALL_ANSWERED, 200, "both"),
    CallBehaviour.HANG_UP: (CallVerdict.ANSWERED, CallReason.CALL_ANSWERED, 200, "both"),
    CallBehaviour.ONE_WAY: (CallVerdict.FAILED, CallReason.MEDIA_ONE_WAY, 200, "out-only"),
    CallBehaviour.SILENT: (CallVerdict.FAILED, CallReason.MEDIA_SILENT, 200, "none"),
    CallBehaviour.RING: (CallVerdict.RANG, CallReason.CALL_RANG, 487, "none"),
    CallBehaviour.BUSY: (CallVerdict.REFUSED, CallReason.CALL_BUSY, 486, "none"),
    CallBehaviour.REFUSE: (CallVerdict.REFUSED, CallReason.CALL_DECLINED, 603, "none"),
    CallBehaviour.FORBID: (CallVerdict.REFUSED, CallReason.CALL_FORBIDDEN, 403, "none"),
    CallBehaviour.NOT_FOUND: (CallVerdict.REFUSED, CallReason.NUMBER_NOT_FOUND, 404, "none"),
    CallBehaviour.OTHER_CODEC: (CallVerdict.REFUSED, CallReason.CODEC_REFUSED, 488, "none"),
    CallBehaviour.LIMIT: (CallVerdict.REFUSED, CallReason.CALL_LIMIT_REACHED, 503, "none"),
}


def test_every_behaviour_has_its_row() -> None:
    assert set(BEHAVIOURS) == set(CallBehaviour)


@pytest.mark.parametrize(("behaviour", "expected"), BEHAVIOURS.items())
async def test_what_becomes_of_a_call(
    behaviour: CallBehaviour, expected: tuple[CallVerdict, CallReason, int, str]
) -> None:
    options = replace(USUAL, ring_seconds=0.8) if behaviour is CallBehaviour.RING else USUAL
    async with carrier(behaviour) as running:
        report = await call(running, options)
        assert (report.outcome, report.reason, report.sip.status, report.media.direction) == expected, (
            report.summary
        )
        assert (
            report.credentials is CredentialState.PROVEN
            or behaviour is CallBehaviour.LIMIT
            or report.sip.status == 403
        )
        assert running.authenticated_attempts == 1
        await until(lambda: len(running.calls) == 1)


async def test_what_was_sent_is_what_came_and_what_came_is_counted() -> None:
    async with carrier() as running:
        report = await call(running)
        (ended,) = running.calls
        media = report.media
        assert media.codec == "pcmu"
        assert media.sent_packets >= 60
        assert abs(ended.received_packets - media.sent_packets) <= max(2, media.sent_packets // 50)
        assert abs(media.received_packets - ended.sent_packets) <= max(2, media.sent_packets // 50)
        assert media.lost == 0
        assert ended.how == "was hung up by the caller"
        timing = report.timing
        assert None not in (timing.provisional_ms, timing.ringing_ms, timing.answered_ms, timing.ended_ms)
        assert (timing.ringing_ms or 0) < (timing.answered_ms or 0) < (timing.ended_ms or 0)
        assert report.format == "+e164"
        assert report.number == "+4930123456"


async def test_who_hung_up_is_told() -> None:
    async with carrier(CallBehaviour.HANG_UP) as running:
        assert "ended by the other side" in (await call(running)).summary
    async with carrier() as running:
        assert "ended by us" in (await call(running, replace(USUAL, talk_seconds=0.3))).summary


async def test_sound_before_the_answer_is_counted_as_early() -> None:
    async with carrier(CallBehaviour.EARLY) as running:
        report = await call(running, replace(USUAL, talk_seconds=0.5))
        assert report.media.early > 5
        assert report.media.first_packet_ms is not None
        assert report.media.first_packet_ms < (report.timing.answered_ms or 0)


@pytest.mark.parametrize("transport", [TCP, TLS])
async def test_calls_go_by_connections_too(transport: TransportName) -> None:
    async with carrier(transports=(TCP, TLS)) as running:
        report = await call(running, replace(USUAL, talk_seconds=0.5), transport=transport)
        assert (report.reason, report.media.direction) == (CallReason.CALL_ANSWERED, "both"), report.summary
        await until(lambda: len(running.calls) == 1)


async def test_calls_go_by_ipv6_too() -> None:
    async with carrier(host="::1") as running:
        target = parse_target(f"sip:[::1]:{running.udp_port}")
        async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
            report = await engine.call(target, replace(USUAL, talk_seconds=0.5), credentials=DEMO)
        assert (report.reason, report.media.direction) == (CallReason.CALL_ANSWERED, "both"), report.summary
        assert (report.media.remote or "").startswith("[::1]:")


def test_the_other_loop_makes_the_same_call() -> None:
    async def make() -> CallReport:
        async with carrier() as running:
            return await call(running, replace(USUAL, talk_seconds=0.5))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(make())
    assert (report.reason, report.media.direction) == (CallReason.CALL_ANSWERED, "both"), report.summary


@pytest.mark.parametrize("codec", Codec)
async def test_the_codec_is_the_one_that_was_offered(codec: Codec) -> None:
    async with carrier() as running:
        report = await call(running, replace(USUAL, codecs=(codec,), talk_seconds=0.4))
        assert (report.media.codec, report.media.other) == (codec, 0)


async def test_silence_behind_an_address_that_the_carrier_did_not_see_says_nothing_of_it() -> None:
    async with carrier(CallBehaviour.SILENT, faults=[Fault.NAT_REWRITE]) as running:
        report = await call(running)
        assert (report.outcome, report.reason, report.cause) == (
            CallVerdict.INCONCLUSIVE,
            CallReason.MEDIA_SILENT,
            CallCause.OUR_NAT,
        )
        assert "--media-address" in report.advice


# Faults of the carrier, and what a verification says of the same messages.
FAULTS = {
    Fault.WRONG_PASSWORD: (CallVerdict.FAILED, Reason.CREDENTIALS_REJECTED, 1),
    Fault.SERVER_ERROR: (CallVerdict.INCONCLUSIVE, Reason.SIP_SERVER_ERROR, 0),
    Fault.BASIC_AUTH: (CallVerdict.FAILED, Reason.AUTH_SCHEME_UNSUPPORTED, 0),
    Fault.REDIRECT: (CallVerdict.REFUSED, Reason.SIP_REDIRECTED, 0),
    Fault.SHA256: (CallVerdict.ANSWERED, CallReason.CALL_ANSWERED, 1),
    Fault.PROXY_AUTH: (CallVerdict.ANSWERED, CallReason.CALL_ANSWERED, 1),
    Fault.NO_CHALLENGE: (CallVerdict.ANSWERED, CallReason.CALL_ANSWERED, 0),
}


@pytest.mark.parametrize(("fault", "expected"), FAULTS.items())
async def test_what_befalls_a_call_before_it_is_one(
    fault: Fault, expected: tuple[CallVerdict, Reason | CallReason, int]
) -> None:
    async with carrier(faults=[fault]) as running:
        report = await call(running, replace(USUAL, talk_seconds=0.3))
        assert (report.outcome, report.reason, running.authenticated_attempts) == expected, report.summary


async def test_a_call_without_the_password_that_is_asked_for() -> None:
    async with carrier() as running:
        report = await call(running, credentials=None)
        assert (report.outcome, report.reason) == (CallVerdict.REFUSED, Reason.CREDENTIALS_MISSING)
        assert "asks for a username and password" in report.summary


async def test_an_address_that_the_guard_forbids_is_not_called() -> None:
    async with carrier() as running, Engine() as engine:
        target = parse_target(f"sip:127.0.0.1:{running.udp_port}")
        report = await engine.call(target, USUAL, credentials=DEMO)
        assert (report.outcome, report.reason) == (CallVerdict.FAILED, Reason.ADDRESS_FORBIDDEN)
        assert not running.seen


@pytest.mark.parametrize("form", NumberForm)
async def test_the_form_that_a_carrier_takes_is_found(form: NumberForm) -> None:
    async with carrier(CallBehaviour.RING, number_form=form) as running:
        report = await call(running, replace(USUAL, format=None))
        assert (report.outcome, report.reason, report.format) == (
            CallVerdict.RANG,
            CallReason.CALL_RANG,
            form,
        )
        tried = [each.format for each in report.attempts]
        assert tried == list(NumberForm)[: len(tried)]
        assert tried[-1] == form
        # Hung up at once, one password for each.
        assert running.authenticated_attempts == len(tried)
        assert [end.how for end in running.calls][-1] == "was given up by the caller"


async def test_a_form_is_not_tried_behind_another_refusal() -> None:
    async with carrier(CallBehaviour.BUSY) as running:
        report = await call(running, replace(USUAL, format=None))
        assert [(each.format, each.reason) for each in report.attempts] == [("+e164", CallReason.CALL_BUSY)]


async def test_a_form_that_may_be_an_emergency_is_left_out_and_told() -> None:
    async with carrier(CallBehaviour.NOT_FOUND) as running:
        report = await call(running, replace(USUAL, number="+911123456789", format=None))
        asked = [step.text.split("@")[0] for step in report.trace if step.text.startswith("INVITE ")]
        assert not [text for text in asked if "911" in text and "+911" not in text]
        left_out = {each.format: each.detail or "" for each in report.attempts if each.status is None}
        assert NumberFormat.E164 in left_out
        assert all("may be read as an emergency number" in detail for detail in left_out.values())


# When it is cut off, and what the carrier has to see then.
MOMENTS = {
    "ringing": (CallBehaviour.RING, "INVITE", 180, "CANCEL", "was given up by the caller"),
    "talking": (CallBehaviour.ECHO, "ACK", None, "BYE", "was hung up by the caller"),
}


@pytest.mark.parametrize(("behaviour", "method", "status", "end", "how"), MOMENTS.values(), ids=list(MOMENTS))
async def test_a_call_that_is_cut_off_is_ended(
    behaviour: CallBehaviour, method: str, status: int | None, end: str, how: str
) -> None:
    async with carrier(behaviour) as running:
        task = asyncio.create_task(call(running, replace(USUAL, talk_seconds=30.0)))
        await until(lambda: (method, status) in [(each.method, each.status) for each in running.seen][2:])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert end in [each.method for each in running.seen]
        await until(lambda: [each.how for each in running.calls] == [how])


async def test_encrypted_sound_goes_both_ways_and_its_keys_are_nowhere_shown() -> None:
    async with carrier() as running:
        report = await call(running, replace(USUAL, sdes=True, talk_seconds=0.6))
        assert (report.reason, report.media.direction, report.media.encrypted) == (
            CallReason.CALL_ANSWERED,
            "both",
            True,
        ), report.summary
        shown = str(to_json(report))
        assert shown.count("inline:<redacted>") >= 3
        assert re.findall(r"inline:(?!<redacted>)", shown) == []
