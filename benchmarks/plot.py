"""A plot with two logarithmic axes, as SVG."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 230, 40, 60
_COLOURS = ("#1b6ca8", "#c2571a", "#3b8f4d", "#7a4fa3")
_FONT = 'font-family="sans-serif" font-size="13" fill="#333"'


@dataclass(frozen=True, slots=True)
class _Axis:
    """Whole powers of ten from `low` to `high`, drawn from one pixel to another."""

    low: int
    high: int
    start: float
    end: float

    @classmethod
    def around(cls, values: Sequence[float], start: float, end: float) -> "_Axis":
        low = math.floor(math.log10(min(values)))
        high = math.ceil(math.log10(max(values)))
        return cls(low, max(high, low + 1), start, end)

    def place(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self) -> Sequence[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def log_log(title: str, x_label: str, y_label: str, lines: Mapping[str, Sequence[Point]]) -> str:
    """Draw named lines. Raises ValueError without a point, or for a value that is not above 0."""
    points = [point for line in lines.values() for point in line]
    if not points or min(min(point) for point in points) <= 0:
        raise ValueError(f"{title}: two logarithmic axes need points, and values above 0")
    across = _Axis.around([x for x, _ in points], _LEFT, _WIDTH - _RIGHT)
    up = _Axis.around([y for _, y in points], _HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" {_FONT}>{escape(title)}</text>',
        *_grid(across, up),
        _text((across.start + across.end) / 2, _HEIGHT - 14, x_label, anchor="middle"),
        f'<text transform="translate(18 {(up.start + up.end) / 2}) rotate(-90)" text-anchor="middle" {_FONT}>'
        f"{escape(y_label)}</text>",
    ]
    for number, (name, line) in enumerate(lines.items()):
        parts += _line(number, name, [(across.place(x), up.place(y)) for x, y in sorted(line)])
    return "\n".join([*parts, "</svg>"]) + "\n"


def _grid(across: _Axis, up: _Axis) -> Iterator[str]:
    for tick in across.ticks:
        x = across.place(tick)
        yield f'<path d="M{x} {up.start}V{up.end}" stroke="#ddd"/>'
        yield _text(x, up.start + 20, f"{tick:,g}" if tick < 1 else f"{tick:,.0f}", anchor="middle")
    for tick in up.ticks:
        y = up.place(tick)
        yield f'<path d="M{across.start} {y}H{across.end}" stroke="#ddd"/>'
        yield _text(across.start - 8, y + 4, f"{tick:,g}" if tick < 1 else f"{tick:,.0f}", anchor="end")


def _line(number: int, name: str, places: Sequence[Point]) -> Iterator[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    drawn = " ".join(f"{x},{y}" for x, y in places)
    yield f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for x, y in places:
        yield f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>'
    left, top = _WIDTH - _RIGHT + 20, _TOP + 10 + 22 * number
    yield f'<path d="M{left} {top}h22" stroke="{colour}" stroke-width="2"/>'
    yield _text(left + 30, top + 4, name)


def _text(x: float, y: float, words: str, *, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" {_FONT}>{escape(words)}</text>'
