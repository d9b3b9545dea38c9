"""The ladder: what went between us and each edge, with times."""

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from sipcheck.cli.signs import Signs
from sipcheck.report.model import Direction, TraceStep
from sipcheck.report.printable import one_line

_STATUS_STYLES = {"1": "dim", "2": "green", "3": "yellow", "4": "yellow", "5": "red", "6": "red"}


def ladder(steps: Sequence[TraceStep], signs: Signs) -> Table:
    """Draw one row a step: the time, the arrow, and what went; grouped by the edge it concerns."""
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    # Only a column that may wrap gives way where the page is narrow; its texts are cut, and the arrows stay.
    table.add_column(ratio=1)
    edge: str | None = None
    for step in steps:
        if step.edge is not None and step.edge != edge:
            edge = step.edge
            table.add_row("", "", _cut(Text(edge, style="bold"), signs))
        table.add_row(f"{step.at_ms:.0f} ms", _arrow(step, signs), _cut(_line(step), signs))
    return table


def _cut(line: Text, signs: Signs) -> Text:
    line.no_wrap = True
    line.overflow = "ellipsis" if signs.unicode else "crop"
    return line


def _arrow(step: TraceStep, signs: Signs) -> Text:
    arrows = {
        Direction.SENT: Text(signs.sent, style="cyan"),
        Direction.RECEIVED: Text(signs.received, style="magenta"),
        Direction.EVENT: Text(signs.event, style="dim"),
    }
    return arrows[step.direction]


def _line(step: TraceStep) -> Text:
    if step.direction is Direction.EVENT:
        return Text(one_line(step.text), style="dim")
    lines = step.text.split("\n")
    first = one_line(lines[0])
    if first.upper().startswith("SIP/2.0 "):
        status = first[8:]
        method = next(_methods(lines), "")
        return Text.assemble(
            (status, _STATUS_STYLES.get(status[:1], "")),
            (f"  ({method})" if method else "", "dim"),
            (_from_elsewhere(step), "yellow"),
            (_cut_off(step), "dim"),
        )
    marks = "  with credentials" if any(_is_authorization(line) for line in lines[1:]) else ""
    return Text.assemble(
        first.removesuffix(" SIP/2.0"), (marks + _from_elsewhere(step), "yellow"), (_cut_off(step), "dim")
    )


def _from_elsewhere(step: TraceStep) -> str:
    """Where a message came from, when that is not the edge that was asked."""
    asked = (step.edge or "").rpartition("/")[0]
    foreign = step.direction is Direction.RECEIVED and step.source not in (None, asked)
    return f"  from {step.source}" if foreign else ""


def _cut_off(step: TraceStep) -> str:
    return f"  ({step.cut_bytes} more bytes are not kept)" if step.cut_bytes else ""


def _methods(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip().lower() == "cseq":
            yield value.split()[-1] if value.split() else ""


def _is_authorization(line: str) -> bool:
    return line.partition(":")[0].strip().lower() in ("authorization", "proxy-authorization")
