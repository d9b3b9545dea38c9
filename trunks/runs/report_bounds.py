"""A report small enough to be stored: 64 KB, whatever a peer sent (docs/design/service.md, "What a report keeps").

Only what is stored is cut. What was sent is debited from the pace by the engine's own report, which is whole.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sipcheck.report.model import Direction, TraceStep

MOST_BYTES = 64 * 1024
MOST_CHARACTERS = 1000

_KEPT_OF_A_LARGE_STEP = 600
_GAP_BYTES = 400
# Of a trace's room this share is its beginning's; the rest is its end's.
_HEAD_SHARE = 0.6
# Characters of a text and entries of a list, tried one after the other until half the room is left for traces.
_MEASURES = ((MOST_CHARACTERS, 1_000), (MOST_CHARACTERS, 64), (300, 32), (100, 16), (40, 8), (16, 2))
# The traces have the rest.
_MOST_BARE_BYTES = MOST_BYTES // 2
_LONG_TEXT = re.compile(f'"[^"]{{{MOST_CHARACTERS + 1},}}')

Exported = dict[str, Any]


def is_within_bounds(report_as_json: str) -> bool:
    """Whether nothing of a report has to be cut."""
    return len(report_as_json.encode()) <= MOST_BYTES and _LONG_TEXT.search(report_as_json) is None


def bounded(report: Exported) -> Exported:
    """Cut what is too long of a report in its JSON form: texts, then the middles of its traces, then lists."""
    if is_within_bounds(json.dumps(report)):
        return report
    measures = iter(_MEASURES)
    kept, bare = _measured(report, next(measures))
    cut = bare > _MOST_BARE_BYTES
    while bare > _MOST_BARE_BYTES and (measure := next(measures, None)):
        kept, bare = _measured(report, measure)
    traces = _traces(report)
    if cut:
        traces = [
            [*trace, _event(_last_ms(trace), "texts and lists of this report are cut")] for trace in traces
        ]
    return _with_traces(kept, _fitting(traces, MOST_BYTES - bare))


def _measured(report: Exported, measure: tuple[int, int]) -> tuple[Exported, int]:
    """Cut by one measure; give it with its bytes without the traces."""
    kept = _cut(report, *measure)
    return kept, stored_bytes(_with_traces(kept, [[] for _ in _traces(report)]))


def stored_bytes(value: Any) -> int:
    """How many bytes a value has as the column's JSON."""
    return len(json.dumps(value))


def shortened(text: str, characters: int = MOST_CHARACTERS) -> str:
    """Cut a text; what is cut ends in an ellipsis."""
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def _cut(value: Any, characters: int, entries: int) -> Any:
    """Cut every text and list, but for the traces, which are dealt with as a whole."""
    if isinstance(value, str):
        return shortened(value, characters)
    if isinstance(value, dict):
        # A gateway's report is one of at most eight, and none may be missing.
        return {
            shortened(key, characters): part
            if key == "trace"
            else [_cut(each, characters, entries) for each in part]
            if key == "gateways"
            else _cut(part, characters, entries)
            for key, part in list(value.items())[: max(entries, 32)]
        }
    if isinstance(value, list):
        return [_cut(each, characters, entries) for each in value[:entries]]
    return value


def _traces(report: Exported) -> list[list[Exported]]:
    return [report["trace"], *(each["trace"] for each in report.get("gateways", ()))]


def _with_traces(report: Exported, traces: Sequence[list[Exported]]) -> Exported:
    changed = {**report, "trace": traces[0]}
    if "gateways" in report:
        changed["gateways"] = [
            {**each, "trace": trace} for each, trace in zip(report["gateways"], traces[1:], strict=True)
        ]
    return changed


def _fitting(traces: Sequence[list[Exported]], room: int) -> list[list[Exported]]:
    """Share the room out: what a short trace leaves is the longer ones'."""
    fitted: dict[int, list[Exported]] = {}
    sizes = [stored_bytes(trace) for trace in traces]
    for place, number in enumerate(sorted(range(len(traces)), key=sizes.__getitem__)):
        fitted[number] = _trimmed(traces[number], room // (len(traces) - place))
        room -= stored_bytes(fitted[number])
    return [fitted[number] for number in range(len(traces))]


def _trimmed(trace: list[Exported], room: int) -> list[Exported]:
    """Keep the beginning and the end of a trace, with a step between them that says what is missing."""
    if stored_bytes(trace) <= room:
        return trace
    small = [_small(step, room // 8) for step in trace]
    sizes = [stored_bytes(step) + 2 for step in small]
    left = room - _GAP_BYTES
    head, head_room = 0, int(left * _HEAD_SHARE)
    while head < len(small) and sizes[head] <= head_room:
        head_room -= sizes[head]
        left -= sizes[head]
        head += 1
    tail = len(small)
    while tail > head and sizes[tail - 1] <= left:
        left -= sizes[tail - 1]
        tail -= 1
    if tail == head:
        return small
    missing = "1 step is" if tail - head == 1 else f"{tail - head} steps are"
    text = f"{missing} left out up to here: a stored report has at most {MOST_BYTES // 1024} KB"
    return [*small[:head], _event(small[tail - 1]["at_ms"], text), *small[tail:]]


def _small(step: Exported, most_bytes: int) -> Exported:
    """Cut a step that would take the place of many others."""
    if stored_bytes(step) <= most_bytes:
        return step
    text, octets = step["text"], step["octets"]
    if step["direction"] == Direction.EVENT:
        return {**step, "text": shortened(text, _KEPT_OF_A_LARGE_STEP)}
    whole = text.replace("\n", "\r\n").encode() if octets is None else b64decode(octets)
    kept = whole[:_KEPT_OF_A_LARGE_STEP]
    rest = step["cut_bytes"] + len(whole) - len(kept)
    return {
        **step,
        "text": f"{text[:_KEPT_OF_A_LARGE_STEP]}… ({rest} more bytes)",
        "octets": b64encode(kept).decode("ascii"),
        "cut_bytes": rest,
    }


def _event(at_ms: float, text: str) -> Exported:
    return {**asdict(TraceStep(at_ms, None, Direction.EVENT, text)), "direction": Direction.EVENT.value}


def _last_ms(trace: Sequence[Exported]) -> float:
    return float(trace[-1]["at_ms"]) if trace else 0.0
