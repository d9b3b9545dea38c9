"""The forms in which a sweep is printed: a table for a person, and what other programs read."""

import csv
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from io import TextIOWrapper
from typing import Any, Protocol
from xml.etree import ElementTree

from sipcheck.cli.sweep_table import SweepTable, shown_target
from sipcheck.reasons import Outcome
from sipcheck.report.json_export import report_to_json
from sipcheck.report.model import EdgeReport, Report
from sipcheck.sweep.sweep import BadRow, SweepResult, SweepRow, row_without_run


class SweepFormat(StrEnum):
    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"
    JUNIT = "junit"


class Sheet(Protocol):
    """Takes results as they come; what has to wait for the last of them is written at the end.

    `missing` are the rows that were not reached: there are none but where the sweep was broken off.
    """

    def add(self, result: SweepResult) -> None: ...

    def finish(self, missing: Sequence[SweepRow | BadRow]) -> None: ...


class JsonLines:
    """A report a line."""

    def add(self, result: SweepResult) -> None:
        json.dump({"row": result.number, **report_to_json(result.report)}, sys.stdout, ensure_ascii=True)
        sys.stdout.write("\n")
        sys.stdout.flush()

    def finish(self, missing: Sequence[SweepRow | BadRow]) -> None:
        """Nothing is left to be written: what is not there was not reached."""


def _of_report(name: str) -> Callable[[Report], Any]:
    return lambda report: getattr(report, name)


def _of_target(name: str) -> Callable[[Report], Any]:
    return lambda report: getattr(report.target, name)


def _of_edge(name: str) -> Callable[[Report], Any]:
    def read(report: Report) -> Any:
        edge = _deciding_edge(report)
        return None if edge is None else getattr(edge, name)

    return read


def _deciding_edge(report: Report) -> EdgeReport | None:
    """The first edge that came to what the report says."""
    return next((edge for edge in report.edges if edge.reason is report.reason), None)


# After the number of the row. Columns are added at the end.
CSV_COLUMNS: Mapping[str, Callable[[Report], Any]] = {
    "domain": _of_target("domain"),
    "transport": _of_target("transport"),
    "port": _of_target("port"),
    "username": _of_target("username"),
    "outbound_proxy": _of_target("outbound_proxy"),
    "outcome": _of_report("outcome"),
    "reason": _of_report("reason"),
    "cause": _of_report("cause"),
    "party": _of_report("party"),
    "credentials": _of_report("credentials"),
    "summary": _of_report("summary"),
    "advice": _of_report("advice"),
    "address": _of_edge("address"),
    "sip_status": _of_edge("sip_status"),
    "rtt_ms": _of_edge("rtt_ms"),
    "duration_ms": _of_report("duration_ms"),
}


class CsvLines:
    """A line for each row below a header, of what most is asked for; in UTF-8, whatever the locale."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="replace")
        self._writer = csv.writer(sys.stdout, lineterminator="\n")
        self._writer.writerow(("row", *CSV_COLUMNS))

    def add(self, result: SweepResult) -> None:
        self._writer.writerow((result.number, *(read(result.report) for read in CSV_COLUMNS.values())))
        sys.stdout.flush()

    def finish(self, missing: Sequence[SweepRow | BadRow]) -> None:
        """Nothing is left to be written: what is not there was not reached."""


@dataclass(frozen=True, slots=True)
class _Case:
    number: int
    name: str
    outcome: Outcome
    reason: str
    summary: str
    advice: str
    seconds: float


@dataclass(slots=True)
class JunitSuite:
    """A test case for each row: failed where the trunk is not verified, in error where nothing could be said."""

    _cases: list[_Case] = field(default_factory=list)

    def add(self, result: SweepResult) -> None:
        report = result.report
        self._cases.append(
            _Case(
                result.number,
                shown_target(report),
                report.outcome,
                report.reason,
                report.summary,
                report.advice,
                report.duration_ms / 1000,
            )
        )

    def finish(self, missing: Sequence[SweepRow | BadRow]) -> None:
        """Write the suite, in the order of its rows; one that was not reached is in error."""
        for row in missing:
            self.add(row_without_run(row))
        cases = sorted(self._cases, key=lambda case: case.number)
        signs = [_SIGNS.get(case.outcome) for case in cases]
        counts = {
            "tests": str(len(cases)),
            "failures": str(signs.count("failure")),
            "errors": str(signs.count("error")),
            "time": f"{sum(case.seconds for case in cases):.3f}",
        }
        suites = ElementTree.Element("testsuites", counts)
        suite = ElementTree.SubElement(
            suites, "testsuite", {"name": "sipcheck sweep", "skipped": "0", **counts}
        )
        for case in cases:
            _write_case(suite, case)
        ElementTree.indent(suites)
        # In ASCII, so that it is right in whatever encoding standard output has.
        written = ElementTree.tostring(suites, encoding="us-ascii", xml_declaration=True)
        sys.stdout.write(f"{written.decode('ascii')}\n")


# A trunk that is reachable was not proven, and whoever sweeps asked for proof.
_SIGNS = {Outcome.FAILED: "failure", Outcome.REACHABLE: "failure", Outcome.INCONCLUSIVE: "error"}


def _write_case(suite: ElementTree.Element, case: _Case) -> None:
    written = ElementTree.SubElement(
        suite,
        "testcase",
        {"classname": "sipcheck", "name": f"row {case.number}: {case.name}", "time": f"{case.seconds:.3f}"},
    )
    sign = _SIGNS.get(case.outcome)
    if sign is not None:
        told = ElementTree.SubElement(written, sign, {"type": case.reason, "message": case.summary})
        told.text = case.advice


SHEETS: Mapping[SweepFormat, Callable[[], Sheet]] = {
    SweepFormat.TABLE: SweepTable,
    SweepFormat.JSONL: JsonLines,
    SweepFormat.CSV: CsvLines,
    SweepFormat.JUNIT: JunitSuite,
}
