"""What a peer can make us store is bounded, and says what is missing."""

import json
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import WarningCode
from sipcheck.report.model import Direction, Report, ReportWarning, TraceStep
from tests.trunks.forms import Store, make_report, with_edge
from trunks.runs.report_bounds import MOST_BYTES, MOST_CHARACTERS
from trunks.runs.several_gateways import SeveralReport
from trunks.runs.stored_report import done_values, written_values
from trunks.store.database import JsonText

EDGE = "192.0.2.1:5060/udp"


def steps(count: int, text: str = "SIP/2.0 100 Trying\nX: 1\n", *, every: int = 10) -> tuple[TraceStep, ...]:
    """A trace of answers, with a request at every so manieth place."""
    return tuple(
        TraceStep(
            float(number), EDGE, Direction.RECEIVED if number % every else Direction.SENT, text, "a", "b"
        )
        for number in range(count)
    )


def stored(report: Report) -> dict[str, Any]:
    """Give what is kept, which is the same in both forms that a column may be given."""
    written = written_values(report)
    kept: dict[str, Any] = written["report"]
    assert len(json.dumps(kept)) <= MOST_BYTES
    if isinstance(kept, JsonText):
        kept = json.loads(kept)
    assert done_values(report) == {**written, "report": kept}
    return kept


def several(report: Report, count: int) -> SeveralReport:
    values = {name: getattr(report, name) for name in Report.__dataclass_fields__}
    return SeveralReport(**values, gateways=(report,) * count)


def test_a_report_of_ordinary_size_is_stored_whole() -> None:
    report = with_edge(replace(make_report(), trace=steps(12, every=2)), 403)
    assert [step["text"] for step in stored(report)["trace"]] == [step.text for step in report.trace]


def test_a_long_trace_keeps_its_beginning_and_end_and_says_what_is_missing() -> None:
    trace = steps(3000)
    kept = stored(replace(make_report(), trace=trace))["trace"]
    (gap,) = [place for place, step in enumerate(kept) if "left out" in step["text"]]
    assert kept[gap]["text"] == (
        f"{3000 - (len(kept) - 1)} steps are left out up to here: a stored report has at most 64 KB"
    )
    assert (kept[gap]["direction"], kept[gap]["edge"]) == ("event", None)
    moments = [step["at_ms"] for step in kept]
    assert moments[:gap] == [float(number) for number in range(gap)]
    assert moments[gap + 1 :] == [float(number) for number in range(3000 - (len(kept) - gap - 1), 3000)]
    assert moments == sorted(moments)
    assert len(kept) > 200


@pytest.mark.parametrize("character", ["x", "é", "\x00", "💥", '"', "\\"])
def test_whatever_a_peers_words_are_made_of(character: str) -> None:
    words = character * 4000
    report = replace(
        make_report(summary=words),
        advice=words,
        trace=steps(300, words),
        sentences=(Sentence("key", {"detail": words}),),
        warnings=tuple(ReportWarning(WarningCode.EDGE_DOWN, words, EDGE) for _ in range(40)),
    )
    kept = stored(report)
    for shown in (kept["summary"], kept["advice"], kept["warnings"][0]["detail"]):
        assert shown.endswith("…")
        assert 100 <= len(shown) <= MOST_CHARACTERS
    assert any("left out" in step["text"] for step in kept["trace"])


def test_a_step_that_is_cut_gives_its_first_bytes_and_counts_the_others() -> None:
    words = "SIP/2.0 200 OK\n" + "X-Padding: " + "é" * 3900 + "\n"
    whole = words.replace("\n", "\r\n").encode()
    kept = stored(replace(make_report(), trace=steps(100, words)))["trace"][0]
    first = b64decode(kept["octets"])
    assert whole.startswith(first)
    assert len(first) + kept["cut_bytes"] == len(whole)
    assert kept["text"].endswith(f"… ({kept['cut_bytes']} more bytes)")


def test_eight_gateways_share_the_room() -> None:
    kept = stored(several(replace(make_report(), trace=steps(400, "SIP/2.0 100 Trying\n" * 50)), 8))
    assert len(kept["gateways"]) == 8
    for report in (kept, *kept["gateways"]):
        assert any("left out" in step["text"] for step in report["trace"])
        assert len(report["trace"]) > 3


def test_a_short_trace_is_not_cut_for_a_long_one() -> None:
    short, long = replace(make_report(), trace=steps(10)), replace(make_report(), trace=steps(3000))
    values = {name: getattr(long, name) for name in Report.__dataclass_fields__}
    kept = stored(SeveralReport(**values, gateways=(short, long)))
    assert len(kept["gateways"][0]["trace"]) == 10


def test_thousands_of_warnings_are_cut_and_the_trace_says_so() -> None:
    warnings = tuple(ReportWarning(WarningCode.EDGE_DOWN, "w" * 900, EDGE) for _ in range(5000))
    kept = stored(replace(make_report(), warnings=warnings, trace=steps(5)))
    assert 0 < len(kept["warnings"]) < 5000
    assert kept["trace"][-1]["text"] == "texts and lists of this report are cut"


def test_a_summary_with_what_no_column_takes_is_stored(store: Store) -> None:
    trunk = store.make_trunk()
    claim = store.claim(store.installation.runs.requests.request(store.caller, trunk.id))
    assert claim is not None
    assert store.finish(claim, make_report(summary="a\x00b\ud800c"))
    view = store.installation.catalog.views.get(store.caller, trunk.id)
    assert view.last_verification is not None
    assert view.last_verification.summary == "ab?c"
