"""What a sweep came to, for a person: a line for each row, then what is to be done, cause by cause."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rich.table import Table
from rich.text import Text

from sipcheck.cli.page import open_page
from sipcheck.cli.signs import OUTCOME_STATES, STATE_STYLES, Signs
from sipcheck.reasons import Cause, CredentialState, Outcome, Reason
from sipcheck.report.model import Report
from sipcheck.sweep.sweep import BadRow, SweepResult, SweepRow
from sipcheck.target import HostPort


@dataclass(frozen=True, slots=True)
class _Line:
    """What is kept of a report until the table is drawn."""

    number: int
    target: str
    outcome: Outcome
    reason: Reason
    credentials: CredentialState
    duration_ms: float


@dataclass(slots=True)
class _Cause:
    outcome: Outcome
    message: str
    first_row: int
    rows: int = 0


# A reason with its cause; and where each row may have a fault or a mend of its own, with the words that tell it.
_Kind = tuple[Reason, Cause | None, str]
_OWN_WORDS: Mapping[Reason, Callable[[Report], str]] = {
    Reason.TARGET_INVALID: lambda report: report.summary,
    Reason.ADDRESS_FORBIDDEN: lambda report: report.advice,
    Reason.PORT_FORBIDDEN: lambda report: report.advice,
}
_MOST_OF_A_REASON = 20


@dataclass(slots=True)
class SweepTable:
    """Collects results; the memory of each is a line, not its report."""

    _lines: list[_Line] = field(default_factory=list)
    _causes: dict[_Kind, _Cause] = field(default_factory=dict)

    def add(self, result: SweepResult) -> None:
        report = result.report
        self._lines.append(
            _Line(
                result.number,
                shown_target(report),
                report.outcome,
                report.reason,
                report.credentials,
                report.duration_ms,
            )
        )
        own = _OWN_WORDS.get(report.reason)
        kind = report.reason, report.cause, "" if own is None else own(report)
        message = f"{report.summary} {report.advice}"
        cause = self._causes.setdefault(kind, _Cause(report.outcome, message, result.number))
        cause.rows += 1

    def finish(self, missing: Sequence[SweepRow | BadRow]) -> None:
        """Draw the rows in their order, and the causes by how many rows they hold."""
        with open_page() as (console, signs):
            console.print(_rows(sorted(self._lines, key=lambda line: line.number), signs))
            console.print(self._summary())
            if missing:
                first = min(row.number for row in missing)
                console.print(Text(f"{len(missing)} not reached, such as row {first}", style="bold yellow"))
            for reason, causes in self._by_reason():
                for cause in causes[:_MOST_OF_A_REASON]:
                    console.print(self._told(reason, cause))
                more = sum(cause.rows for cause in causes[_MOST_OF_A_REASON:])
                if more:
                    console.print(Text(f"{reason}: {more} more, each told with its row by --format jsonl"))

    def _by_reason(self) -> list[tuple[Reason, list[_Cause]]]:
        """What is to be done, the reason of most rows first, and of each reason the cause of most rows."""
        found: dict[Reason, list[_Cause]] = {}
        for (reason, *_), cause in self._causes.items():
            if cause.outcome is not Outcome.VERIFIED:
                found.setdefault(reason, []).append(cause)
        for causes in found.values():
            causes.sort(key=lambda cause: (-cause.rows, cause.first_row))
        return sorted(found.items(), key=lambda item: -sum(cause.rows for cause in item[1]))

    def _told(self, reason: Reason, cause: _Cause) -> Text:
        style = STATE_STYLES[OUTCOME_STATES[cause.outcome]]
        such_as = "" if cause.rows == 1 else "such as "
        counted = f"{cause.rows} of {len(self._lines)}, {such_as}row {cause.first_row}"
        return Text.assemble((f"{reason}", style), f" ({counted}): {cause.message}")

    def _summary(self) -> Text:
        counts = dict.fromkeys(Outcome, 0)
        for line in self._lines:
            counts[line.outcome] += 1
        counted = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
        return Text(f"{len(self._lines)} row{'' if len(self._lines) == 1 else 's'}: {counted}", style="bold")


def _rows(lines: Iterable[_Line], signs: Signs) -> Table:
    table = Table("row", "target", "outcome", "reason", "credentials", "ms", box=None, pad_edge=False)
    for column in (0, 5):
        table.columns[column].justify = "right"
    for line in lines:
        state = OUTCOME_STATES[line.outcome]
        table.add_row(
            str(line.number),
            Text(line.target, overflow="ellipsis", no_wrap=True),
            Text(f"{signs.marks[state]} {line.outcome}", style=STATE_STYLES[state]),
            str(line.reason),
            "" if line.credentials is CredentialState.NOT_TESTED else str(line.credentials),
            f"{line.duration_ms:.0f}",
        )
    return table


def shown_target(report: Report) -> str:
    """Name whose trunk a row is, and where it leads."""
    target = report.target
    way = f"/{target.transport}" if target.transport else ""
    user = f"{target.username}@" if target.username else ""
    # What is no target may hold anything, and is shown as it was written.
    where = target.domain if report.reason is Reason.TARGET_INVALID else HostPort(target.domain, target.port)
    return f"{user}{where}{way}"
