"""What a report says to a monitoring system, by the Monitoring Plugins' guidelines: a state, a line, and measures."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from sipcheck.diagnosis.evidence import is_sign_of_life
from sipcheck.reasons import Outcome, Party, Reason
from sipcheck.report.model import Report


class PluginState(IntEnum):
    """The exit status, which is the state."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """From where a measure is worth a warning, and from where it is critical; null for never."""

    warning: float | None = None
    critical: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """`seconds` are the most that a run may take; `days` and `edges` the least that may be left."""

    seconds: Limits = Limits()
    days: Limits = Limits()
    edges: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a report, as performance data; `least` says that too little of it is what is bad."""

    label: str
    value: float
    unit: str
    limits: Limits
    least: bool = False
    most_possible: int | None = None

    @property
    def state(self) -> PluginState:
        """How bad it is by its limits."""
        if self._beyond(self.limits.critical):
            return PluginState.CRITICAL
        return PluginState.WARNING if self._beyond(self.limits.warning) else PluginState.OK

    def _beyond(self, limit: float | None) -> bool:
        if limit is None:
            return False
        return self.value < limit if self.least else self.value > limit

    def __str__(self) -> str:
        limits = (self.limits.warning, self.limits.critical)
        ranges = ("" if each is None else f"{each:g}{':' if self.least else ''}" for each in limits)
        most = "" if self.most_possible is None else str(self.most_possible)
        number = f"{self.value:.3f}" if self.unit == "s" else f"{self.value:g}"
        return ";".join((f"{self.label}={number}{self.unit}", *ranges, "0", most)).rstrip(";")


@dataclass(frozen=True, slots=True)
class PluginAnswer:
    """`text` has one line or two, with the measures behind the first."""

    state: PluginState
    text: str


_STATES = {
    Outcome.VERIFIED: PluginState.OK,
    Outcome.REACHABLE: PluginState.WARNING,
    Outcome.FAILED: PluginState.CRITICAL,
    Outcome.INCONCLUSIVE: PluginState.CRITICAL,
}


def plugin_state(report: Report) -> PluginState:
    """The state by the report alone; what lies with us, or was written wrong, says nothing of the carrier."""
    if report.reason is Reason.TARGET_INVALID or report.party is Party.OURS:
        return PluginState.UNKNOWN
    return _STATES[report.outcome]


def answer_of(report: Report, thresholds: Thresholds, *, withheld: str | None = None) -> PluginAnswer:
    """Judge a report and its measures; `withheld` says why its credentials were not sent."""
    measures = list(_measures(report, thresholds))
    state = plugin_state(report)
    if state is not PluginState.UNKNOWN:
        state = max(state, *(measure.state for measure in measures))
    said = report.summary if withheld is None else f"The credentials were {withheld}."
    words = [f"{report.reason}: {said}", *_beyond(measures)]
    first = f"SIP {state.name}: {' '.join(map(_plain, words))} | {' '.join(map(str, measures))}"
    return PluginAnswer(state, "\n".join(filter(None, (first, _plain(report.advice)))))


def unknown(fault: str) -> PluginAnswer:
    """Answer where there is no report."""
    return PluginAnswer(PluginState.UNKNOWN, f"SIP {PluginState.UNKNOWN.name}: {_plain(fault)}")


def _measures(report: Report, thresholds: Thresholds) -> Iterator[Measure]:
    yield Measure("time", report.duration_ms / 1000, "s", thresholds.seconds)
    rtt_ms = next((edge.rtt_ms for edge in report.edges if edge.rtt_ms is not None), None)
    if rtt_ms is not None:
        yield Measure("rtt", rtt_ms / 1000, "s", Limits())
    probed = [edge for edge in report.edges if edge.outcome is not None]
    alive = sum(is_sign_of_life(edge.sip_status) for edge in probed)
    yield Measure("edges_up", alive, "", thresholds.edges, least=True, most_possible=len(probed))
    days = [edge.certificate.days_left for edge in report.edges if edge.certificate is not None]
    if days:
        yield Measure("cert_days", min(days), "", thresholds.days, least=True)


def _beyond(measures: list[Measure]) -> Iterator[str]:
    for measure in measures:
        if measure.state is not PluginState.OK:
            crossed = (
                measure.limits.critical if measure.state is PluginState.CRITICAL else measure.limits.warning
            )
            side = "below" if measure.least else "above"
            yield f"{measure.label} is {side} {crossed:g}{measure.unit}."


def _plain(text: str) -> str:
    """One line; a bar would begin the measures."""
    return " ".join(text.replace("|", "/").split())
