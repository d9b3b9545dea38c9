"""The one border at which what peers and zones said becomes fit to be shown."""

from dataclasses import dataclass

import pytest

from sipcheck.reasons import Reason
from sipcheck.report.model import Direction, TraceStep
from sipcheck.report.printable import TEXT_LIMIT
from sipcheck.report.shown import shown


@dataclass(frozen=True, slots=True)
class Inner:
    text: str
    count: int


@dataclass(frozen=True, slots=True)
class Outer:
    inner: Inner
    texts: tuple[str, ...]
    facts: dict[str, str]
    reason: Reason
    step: TraceStep | None = None


PLAIN = Outer(Inner("plain", 1), ("ä", "日本"), {"Warning": "399 carrier"}, Reason.ALIVE)


def test_what_needs_no_change_is_the_same_object() -> None:
    assert shown(PLAIN) is PLAIN


@pytest.mark.parametrize(
    "character",
    ["\x1b", "\x07", "\x00", "\x9b", "\u202e", "\u2066", "\u200f", "\u2028", "\ud800", "\U000e0041", "\x7f"],
    ids=ascii,
)
def test_what_could_steer_a_terminal_is_replaced_wherever_it_stands(character: str) -> None:
    hostile = Outer(Inner(f"a{character}", 1), ("b", character), {character: character}, Reason.ALIVE)
    fit = Outer(Inner("a\ufffd", 1), ("b", "\ufffd"), {"\ufffd": "\ufffd"}, Reason.ALIVE)
    assert shown(hostile) == fit


def test_every_text_is_bounded_and_says_so() -> None:
    long = shown(Outer(Inner("x" * 70_000, 1), ("y" * TEXT_LIMIT,), {}, Reason.ALIVE))
    assert long.inner.text == "x" * (TEXT_LIMIT - 1) + "…"
    assert long.texts == ("y" * TEXT_LIMIT,)


def test_a_step_of_the_trace_keeps_its_own_bounds() -> None:
    step = TraceStep(1.0, None, Direction.EVENT, "z" * 4000)
    value = Outer(Inner("", 0), (), {}, Reason.ALIVE, step)
    assert shown(value).step is step
