"""What has been heard, and what silence means (RFC 3261 §17.1.3)."""

import pytest

from sipcheck.failure import Failure
from sipcheck.reasons import Cause, Reason
from sipcheck.target import HostPort
from sipcheck.transaction.matching import ResponseMatcher, TransactionId
from sipcheck.transaction.time_plan import TimePlan

PLAN = TimePlan()
CARRIER = HostPort("192.0.2.1", 5060)


def listening() -> ResponseMatcher:
    return ResponseMatcher(
        TransactionId("OPTIONS", "z9hG4bKa", 1, "c", "t"),
        "192.0.2.1:5060/tcp",
        HostPort("192.0.2.9", 40000),
        None,
    )


@pytest.mark.parametrize(
    ("waited_seconds", "reason"), [(0.9, Reason.DEADLINE_EXCEEDED), (1.0, Reason.NO_RESPONSE)]
)
def test_silence_is_the_carriers_only_after_a_fair_chance(waited_seconds: float, reason: Reason) -> None:
    assert listening().silence(waited_seconds, PLAN).reason is reason


@pytest.mark.parametrize("provisional", [None, 100])
@pytest.mark.parametrize("waited_seconds", [0.1, 10.0])
def test_a_part_of_an_answer_is_no_silence(provisional: int | None, waited_seconds: float) -> None:
    heard = listening()
    heard.provisional = provisional
    heard.note_unfinished(b"SIP/2.0 200 OK\r\n\r", 1, 0.5, CARRIER)
    failure = heard.silence(waited_seconds, PLAN)
    assert failure.reason is Reason.SIP_MALFORMED_RESPONSE
    assert "17 bytes" in failure.detail


def test_no_part_of_an_answer_is_silence() -> None:
    assert listening().silence(10.0, PLAN) == Failure.of(
        Reason.NO_RESPONSE, "message.no-answer", Cause.SILENCE, seconds="10.0"
    )


def test_what_was_whole_and_unusable_says_more_than_what_was_unfinished() -> None:
    heard = listening()
    assert heard.read(b"HTTP/1.1 400 Bad Request\r\n\r\n", CARRIER) is None
    heard.note_unfinished(b"SIP/2.0 200 OK\r\n\r", 1, 0.5, CARRIER)
    assert heard.silence(10.0, PLAN).reason is Reason.SIP_NOT_SPOKEN


def requests(*methods: str, call_id: str = "c") -> ResponseMatcher:
    heard = listening()
    for method in methods:
        lines = [
            f"{method} sip:a@192.0.2.9 SIP/2.0",
            "Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKx",
            "From: <sip:p@192.0.2.1>;tag=p",
            "To: <sip:a@192.0.2.9>",
            f"Call-ID: {call_id}",
            f"CSeq: 1 {method}",
            "",
            "",
        ]
        assert heard.read("\r\n".join(lines).encode(), CARRIER) is None
    return heard


@pytest.mark.parametrize(
    ("methods", "call_id", "said"),
    [
        (["OPTIONS"], "c", "our own request, sent back"),
        (["OPTIONS"] * 3, "c", "our own request, sent back (3 times)"),
        (["OPTIONS"], "another", "OPTIONS"),
        # Our Call-ID alone makes it none of ours.
        (["REGISTER", "M0", "M0"], "c", "REGISTER"),
    ],
)
def test_only_what_we_sent_is_our_own(methods: list[str], call_id: str, said: str) -> None:
    failure = requests(*methods, call_id=call_id).silence(10.0, PLAN)
    assert failure.cause is Cause.REQUESTS_ONLY
    assert said in failure.detail
    assert ("our own" in failure.detail) is ("our own" in said)


def test_a_peer_that_invents_methods_fills_no_memory() -> None:
    detail = requests(*(f"M{number}" for number in range(1000))).silence(10.0, PLAN).detail
    assert "M7" in detail
    assert "M8" not in detail
