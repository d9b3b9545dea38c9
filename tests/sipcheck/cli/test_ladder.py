"""The ladder at every width: times and arrows stay, and only the text is cut."""

import io

import pytest
from rich.console import Console

from sipcheck.cli.ladder import ladder
from sipcheck.cli.signs import ASCII, UNICODE, Signs
from sipcheck.report.model import Direction, TraceStep

EDGE = "192.0.2.10:5060/udp"
STEPS = (
    TraceStep(4.2, None, Direction.EVENT, "DNS SRV _sip._udp.carrier.example: " + "1 10 5060 edge " * 20),
    TraceStep(506.0, EDGE, Direction.SENT, "OPTIONS sip:carrier.example SIP/2.0\nCSeq: 1 OPTIONS\n"),
    TraceStep(
        12345.6, EDGE, Direction.RECEIVED, "SIP/2.0 403 " + "很抱歉[bold]" * 40 + "\nCSeq: 1 OPTIONS\n"
    ),
)


def drawn(width: int, signs: Signs) -> list[str]:
    page = io.StringIO()
    Console(file=page, width=width, highlight=False).print(ladder(STEPS, signs))
    return page.getvalue().splitlines()


@pytest.mark.parametrize("signs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("width", [40, 60, 80, 120, 400])
def test_a_wide_text_takes_nothing_from_times_and_arrows(width: int, signs: Signs) -> None:
    resolved, edge, sent, received = drawn(width, signs)
    assert resolved.split()[:4] == ["4", "ms", signs.event.strip(), "DNS"]
    assert edge.strip() == EDGE
    assert sent.split()[:4] == ["506", "ms", signs.sent, "OPTIONS"]
    assert received.split()[:4] == ["12346", "ms", signs.received, "403"]


def test_a_cut_text_says_so() -> None:
    resolved, _, sent, received = (line.rstrip() for line in drawn(80, UNICODE))
    assert resolved.endswith("…")
    assert received.endswith("…")
    assert not sent.endswith("…")


def line_of(step: TraceStep) -> str:
    page = io.StringIO()
    Console(file=page, width=200, highlight=False).print(ladder([step], UNICODE))
    return page.getvalue().splitlines()[-1]


def received_from(source: str, cut_bytes: int = 0) -> TraceStep:
    text = "SIP/2.0 200 OK\nCSeq: 1 OPTIONS\n"
    return TraceStep(1.0, EDGE, Direction.RECEIVED, text, source, "192.0.2.9:40000", None, cut_bytes)


def test_an_answer_from_elsewhere_is_marked() -> None:
    assert line_of(received_from("192.0.2.77:5080")).rstrip().endswith("(OPTIONS)  from 192.0.2.77:5080")
    assert line_of(received_from("192.0.2.10:5060")).rstrip().endswith("(OPTIONS)")


def test_what_was_not_kept_of_a_message_is_said() -> None:
    assert "(517 more bytes are not kept)" in line_of(received_from("192.0.2.10:5060", 517))
