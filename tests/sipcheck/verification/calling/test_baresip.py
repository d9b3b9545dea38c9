"""Test calls to a real telephone: real RTP, counted on both sides."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sipcheck import Engine, EngineSettings, parse_target
from sipcheck.media.codec import Codec
from sipcheck.reasons import CallReason, CallVerdict
from sipcheck.report.call_report import CallReport
from sipcheck.verification.calling.options import CallOptions
from tests.observed import until
from tests.peers.baresip import Baresip
from tests.sipcheck.conftest import LOOPBACK

pytestmark = pytest.mark.peers
USUAL = CallOptions(number="+4930123456", talk_seconds=2.0)


@pytest.fixture
def telephone(tmp_path: Path) -> Iterator[Baresip]:
    with Baresip(tmp_path / "baresip") as running:
        yield running


async def call(telephone: Baresip, options: CallOptions = USUAL, transport: str = "udp") -> CallReport:
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        return await engine.call(
            parse_target(f"sip:127.0.0.1:{telephone.port};transport={transport}"), options
        )


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_sound_goes_both_ways_and_each_side_counts_what_the_other_sent(
    telephone: Baresip, transport: str
) -> None:
    report = await call(telephone, transport=transport)
    assert (report.outcome, report.reason) == (CallVerdict.ANSWERED, CallReason.CALL_ANSWERED), report.summary
    assert report.media.direction == "both"
    await until(lambda: telephone.packets(), telephone.log)
    ((received, sent),) = telephone.packets()
    ours = report.media
    assert ours.sent_packets > 80
    assert abs(received - ours.sent_packets) <= max(2, 0.02 * ours.sent_packets)
    assert abs(sent - ours.received_packets) <= max(2, 0.02 * sent)
    assert (ours.lost, ours.other) == (0, 0)


async def test_the_telephone_chooses_the_codec(tmp_path: Path) -> None:
    with Baresip(tmp_path / "pcma", codecs="pcma") as telephone:
        report = await call(telephone, replace(USUAL, talk_seconds=0.5))
        assert (report.media.codec, report.media.direction) == (Codec.PCMA, "both"), report.summary
        report = await call(telephone, replace(USUAL, codecs=(Codec.PCMU,), talk_seconds=0.5))
        assert (report.reason, report.sip.status) == (CallReason.CODEC_REFUSED, 488), report.summary


async def test_a_telephone_that_nobody_takes_rings_and_is_given_up(tmp_path: Path) -> None:
    with Baresip(tmp_path / "ringing", answers=False) as telephone:
        report = await call(telephone, replace(USUAL, ring_seconds=1.0))
        assert (report.outcome, report.reason) == (CallVerdict.RANG, CallReason.CALL_RANG)
        assert report.sip.status == 487


async def test_a_number_that_the_telephone_has_not(telephone: Baresip) -> None:
    report = await call(telephone, replace(USUAL, number="+4930999999"))
    assert (report.outcome, report.reason) == (CallVerdict.REFUSED, CallReason.NUMBER_NOT_FOUND), (
        report.summary
    )


# What the telephone wants of media, whether ours is offered encrypted, and what comes of it.
ENCRYPTION = [
    ("srtp-mand", True, CallReason.CALL_ANSWERED),
    # It says no more than 488, and so can we: the advice names encryption, too.
    ("srtp-mand", False, CallReason.CODEC_REFUSED),
    (None, True, CallReason.CODEC_REFUSED),
]


@pytest.mark.parametrize(("encryption", "sdes", "reason"), ENCRYPTION)
async def test_encryption(tmp_path: Path, encryption: str | None, sdes: bool, reason: CallReason) -> None:
    with Baresip(tmp_path / "encrypting", encryption=encryption) as telephone:
        report = await call(telephone, replace(USUAL, sdes=sdes, talk_seconds=0.8))
        assert report.reason is reason, (report.summary, report.sip)
        if reason is CallReason.CALL_ANSWERED:
            assert (report.media.direction, report.media.encrypted, report.media.other) == ("both", True, 0)
        else:
            assert "encrypted" in report.advice
