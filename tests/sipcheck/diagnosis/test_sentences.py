"""Every verdict speaks in sentences, and says what to do when something is to be done."""

import pytest

from sipcheck.diagnosis.sentences import TEXTS, Facts, render, sentences
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Cause, Outcome, Party, Reason
from sipcheck.report.rulings import ruling

FACTS = Facts(
    domain="sip.carrier.example",
    host="edge.carrier.example",
    where="192.0.2.1:5060/udp",
    username="alice",
    detail="{braces} and %s stay as they are",
    contacts="edge2.carrier.example",
)


@pytest.mark.parametrize(("reason", "cause"), TEXTS, ids=str)
def test_the_texts_of_a_reason(reason: Reason, cause: Cause | None) -> None:
    summary, advice = map(render, sentences(reason, cause, FACTS))
    assert summary.endswith(".")
    assert "  " not in summary + advice
    assert advice == "" or advice.endswith(".")
    if ruling(reason).outcome is not Outcome.VERIFIED and ruling(reason).party is not Party.NOBODY:
        assert advice, f"{reason} names a party and gives it nothing to do"


def test_every_reason_is_covered() -> None:
    assert {reason for reason, cause in TEXTS if cause is None} == set(Reason)


def test_a_cause_without_a_text_speaks_by_its_reason() -> None:
    assert sentences(Reason.ALIVE, Cause.WEAK_KEY, FACTS) == sentences(Reason.ALIVE, None, FACTS)


def test_a_sentence_keeps_what_it_names_and_nothing_else() -> None:
    summary, _ = sentences(Reason.ACCOUNT_NOT_FOUND, None, FACTS)
    assert summary == Sentence(
        "account-not-found.summary", {"username": "alice", "answer": Sentence("fact.nothing"), "retry": ""}
    )


def test_a_detail_of_the_peer_is_no_format_string() -> None:
    summary, _ = sentences(Reason.TLS_HANDSHAKE_FAILED, None, FACTS)
    assert "{braces} and %s stay as they are" in render(summary)
