"""Every verdict speaks in sentences, and says what to do when something is to be done."""

import pytest

from sipcheck.diagnosis.advice import ADVICE, Facts, advise
from sipcheck.reasons import Outcome, Party, Reason
from sipcheck.report.rulings import ruling

FACTS = Facts(
    domain="sip.carrier.example",
    where="192.0.2.1:5060/udp",
    username="alice",
    detail="{braces} and %s stay as they are",
)


@pytest.mark.parametrize("reason", list(Reason))
def test_the_texts_of_a_reason(reason: Reason) -> None:
    summary, advice = advise(reason, FACTS)
    assert summary.endswith(".")
    assert "  " not in summary + advice
    assert advice == "" or advice.endswith(".")
    if ruling(reason).outcome is not Outcome.VERIFIED and ruling(reason).party is not Party.NOBODY:
        assert advice, f"{reason} names a party and gives it nothing to do"


def test_every_reason_is_covered() -> None:
    assert set(ADVICE) == set(Reason)


def test_a_detail_of_the_peer_is_no_format_string() -> None:
    summary, _ = advise(Reason.TLS_HANDSHAKE_FAILED, FACTS)
    assert "{braces} and %s stay as they are" in summary
