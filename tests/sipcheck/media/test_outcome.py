"""What was counted, and what it comes to: every pair, and the bounds of each word."""

from itertools import product

import pytest

from sipcheck.media.outcome import (
    FLOWS,
    VERDICTS,
    MediaFlow,
    MediaSeen,
    MediaVerdict,
    OurSound,
    flow,
    media_verdict,
)

TALKED = {"sent_packets": 250, "address_seen": True, "listened_seconds": 5.0}


def test_every_pair_has_its_flow_and_every_flow_its_verdict() -> None:
    assert set(FLOWS) == set(product((True, False), OurSound))
    assert set(VERDICTS) == set(MediaFlow)


ROWS = [
    # What was seen, the flow, and what it comes to.
    ({"received_packets": 250, "echoed_packets": 200}, MediaFlow.BOTH, MediaVerdict.FINE),
    ({"received_packets": 250, "reported": True}, MediaFlow.BOTH, MediaVerdict.FINE),
    ({"received_packets": 250}, MediaFlow.IN_UNCONFIRMED, MediaVerdict.FINE),
    ({"received_packets": 250, "reports_without_us": 1}, MediaFlow.IN_UNCONFIRMED, MediaVerdict.FINE),
    ({"received_packets": 250, "reports_without_us": 2}, MediaFlow.IN_ONLY, MediaVerdict.ONE_WAY),
    ({"received_packets": 9, "reports_without_us": 2, "reported": True}, MediaFlow.BOTH, MediaVerdict.FINE),
    (
        {"received_packets": 250, "reports_without_us": 2, "may_send": False},
        MediaFlow.IN_ONLY,
        MediaVerdict.FINE,
    ),
    (
        {"received_packets": 1, "reports_without_us": 2, "sent_packets": 0},
        MediaFlow.IN_UNCONFIRMED,
        MediaVerdict.FINE,
    ),
    ({"reported": True}, MediaFlow.OUT_ONLY, MediaVerdict.ONE_WAY),
    ({"reported": True, "address_seen": False}, MediaFlow.OUT_ONLY, MediaVerdict.OUR_NAT),
    ({"reported": True, "may_receive": False}, MediaFlow.OUT_ONLY, MediaVerdict.UNJUDGED),
    ({}, MediaFlow.NONE, MediaVerdict.SILENT),
    ({"reports_without_us": 2}, MediaFlow.NONE, MediaVerdict.SILENT),
    ({"address_seen": False}, MediaFlow.NONE, MediaVerdict.OUR_NAT),
    ({"address_seen": None}, MediaFlow.NONE, MediaVerdict.OUR_NAT),
    ({"listened_seconds": 1.0}, MediaFlow.NONE, MediaVerdict.UNJUDGED),
    ({"may_receive": False}, MediaFlow.NONE, MediaVerdict.UNJUDGED),
]


@pytest.mark.parametrize(("changes", "expected", "verdict"), ROWS)
def test_what_it_comes_to(changes: dict[str, object], expected: MediaFlow, verdict: MediaVerdict) -> None:
    seen = MediaSeen(**{**TALKED, **changes})  # type: ignore[arg-type]
    assert (flow(seen), media_verdict(seen)) == (expected, verdict)
