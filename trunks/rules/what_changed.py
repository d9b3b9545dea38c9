"""What was otherwise at a destination's first failure than at its last answer: a table of comparisons, in the order of
what explains most. Each gives a sentence of what was observed, or nothing (docs/design/people.md, "What changed").
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sipcheck.reasons import Reason
from sipcheck.report.printable import one_line
from trunks.rules.destination_facts import DestinationFacts, SeenCertificate, SeenEdge, read_facts

_WORDS = 120
# A round trip has risen when it takes so many times what it took, and so much longer.
_RISEN_TIMES, _RISEN_BY_MS = 3, 100
_NAMED_AT_MOST = 4

_LED_NOWHERE = frozenset({Reason.DNS_NXDOMAIN, Reason.DNS_NO_RECORDS, Reason.DNS_SERVICE_REFUSED})
_MAY_NOT_BE_ASKED = frozenset({Reason.ADDRESS_FORBIDDEN, Reason.PORT_FORBIDDEN})
_SILENT = frozenset({Reason.NO_RESPONSE, Reason.CONNECTION_TIMEOUT})


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was observed to be otherwise than before."""

    what: str
    before: str
    after: str
    sentence: str

    def kept(self) -> dict[str, str]:
        """As the store keeps it."""
        return {"what": self.what, "before": self.before, "after": self.after, "sentence": self.sentence}


def read_changes(kept: Mapping[str, Any] | None) -> tuple[Change, ...]:
    """Read what the store keeps."""
    return tuple(Change(**each) for each in (kept or {}).get("changes", ()))


def kept_changes(changes: Iterable[Change], call_ids: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """What the store keeps of a fall: what changed, and the requests that failed."""
    return {"changes": [each.kept() for each in changes], "call_ids": [list(each) for each in call_ids]}


def read_call_ids(kept: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    """Read the requests that failed, each as edge and Call-ID."""
    return tuple((edge, call_id) for edge, call_id in (kept or {}).get("call_ids", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The first failing check or run at `at`: what it saw, and what was seen at `answered_at`, when it still answered.

    `latency_ms` is that of the last answer, `usual_ms` the median of the day before. `certificate_ended_at` is when the
    one that was seen last by any run had ended. `call_ids` are of the requests that failed, with their edges.
    """

    at: datetime
    reason: str | None
    cause: str | None = None
    answered_at: datetime | None = None
    before: DestinationFacts = field(default_factory=DestinationFacts)
    after: DestinationFacts = field(default_factory=DestinationFacts)
    server_before: str | None = None
    server_after: str | None = None
    latency_ms: float | None = None
    usual_ms: float | None = None
    realm_before: str | None = None
    realm_after: str | None = None
    asked_edges: int = 0
    certificate_ended_at: datetime | None = None
    call_ids: tuple[tuple[str, str], ...] = ()

    def kept(self) -> dict[str, Any]:
        """What the store keeps of a check's: what is of one account is none of it."""
        return {
            "at": self.at.isoformat(),
            "reason": self.reason,
            "cause": self.cause,
            "answered_at": None if self.answered_at is None else self.answered_at.isoformat(),
            "before": self.before.kept(),
            "after": self.after.kept(),
            "server_before": self.server_before,
            "server_after": self.server_after,
            "latency_ms": self.latency_ms,
            "asked_edges": self.asked_edges,
            "call_ids": [list(each) for each in self.call_ids],
        }


def read_failure(kept: Mapping[str, Any], *, usual_ms: float | None) -> Failure:
    """Read what the store keeps."""
    moments = {
        name: None if kept[name] is None else datetime.fromisoformat(kept[name])
        for name in ("at", "answered_at")
    }
    facts = {name: read_facts(kept[name]) for name in ("before", "after")}
    call_ids = tuple((edge, call_id) for edge, call_id in kept.get("call_ids", ()))
    return Failure(**{**kept, **moments, **facts, "call_ids": call_ids}, usual_ms=usual_ms)


def changes_found(failure: Failure) -> tuple[Change, ...]:
    """List what was found to have changed; none is nothing found."""
    return tuple(found for compare in _COMPARISONS if (found := compare(failure)) is not None)


def _led_elsewhere(failure: Failure) -> Change | None:
    before, after = failure.before.edges, failure.after.edges
    if not before or not after or before == after:
        return None
    gone = _hosts(before) - _hosts(after)
    if gone and _hosts(after) - _hosts(before):
        was, new = _listed(gone), _listed(_hosts(after) - _hosts(before))
        said = f"At the first failure DNS named {new}, and no longer {was}{_as_before(failure)}."
        return Change("server", was, new, said)
    if gone:
        said = f"At the first failure DNS no longer named {_listed(gone)}{_as_before(failure)}"
        return Change("server", _listed(gone), "", f"{said}, but only {_listed(_hosts(after))}.")
    was, new = _listed(each.name for each in before), _listed(each.name for each in after)
    return Change(
        "address", was, new, f"DNS led to {was}{_once(failure)}, and to {new} at the first failure."
    )


def _led_nowhere(failure: Failure) -> Change | None:
    before, reason = failure.before.edges, failure.reason
    if not before or reason not in _LED_NOWHERE | _MAY_NOT_BE_ASKED:
        return None
    was = f"{_listed(_hosts(before))} ({_listed(each.name for each in before)})"
    led = f"DNS led to {was}{_once(failure)}"
    if reason in _LED_NOWHERE:
        return Change("dns", was, "", f"{led}, and nowhere at the first failure ({reason}).")
    return Change("dns", was, "", f"{led}, and to what may not be asked at the first failure ({reason}).")


def _certificate(failure: Failure) -> Change | None:
    before, after = failure.before.certificate, failure.after.certificate
    last = after or before
    ended_at = failure.certificate_ended_at if last is None else last.until
    if ended_at is not None and ended_at <= failure.at:
        ended = _utc(ended_at)
        return Change("certificate", "valid", "expired", f"A certificate of the carrier ended at {ended}.")
    if before is None or after is None or not str(failure.reason).startswith("tls-"):
        return None
    return _refused(before, after, failure)


def _refused(before: SeenCertificate, after: SeenCertificate, failure: Failure) -> Change | None:
    gap = failure.reason == Reason.TLS_UNTRUSTED and failure.cause is None and before.issuer == after.issuer
    was, new = f"until {before.until:%Y-%m-%d}", f"until {after.until:%Y-%m-%d}"
    renewed = (
        f"The certificate was replaced: it is valid {new}, the one{_once(failure) or ' before'} was {was}"
    )
    missing = f"an intermediate certificate is missing between its issuer, {after.issuer}, and the authorities we trust"
    if before == after:
        return (
            Change("chain", "whole", "broken", f"The certificate is the same, but {missing}.")
            if gap
            else None
        )
    if gap:
        return Change("certificate", was, new, f"{renewed}, and {missing}.")
    if before.issuer != after.issuer:
        renewed = f"{renewed}; it is issued by {after.issuer}, that one was by {before.issuer}"
    return Change("certificate", was, new, f"{renewed}. It was refused ({failure.reason}).")


def _realm(failure: Failure) -> Change | None:
    before, after = failure.realm_before, failure.realm_after
    if before is None or after is None or before == after:
        return None
    was, new = one_line(before, _WORDS), one_line(after, _WORDS)
    return Change("realm", was, new, f"The realm was {was}, and is {new}.")


def _software(failure: Failure) -> Change | None:
    before, after = failure.server_before, failure.server_after
    if before is None or after is None or before == after:
        return None
    was, new = one_line(before, _WORDS), one_line(after, _WORDS)
    return Change("software", was, new, f"What answers calls itself {new}, and called itself {was} before.")


def _latency(failure: Failure) -> Change | None:
    last, usual = failure.latency_ms, failure.usual_ms
    if failure.reason not in _SILENT or last is None or usual is None:
        return None
    if last < max(_RISEN_TIMES * usual, usual + _RISEN_BY_MS):
        return None
    edges = f"All {failure.asked_edges} edges have" if failure.asked_edges > 1 else "The edge has"
    since = f"{edges} been silent since {_utc(failure.at)}"
    risen = f"the round trip had risen from about {usual:.0f} ms (median of the day before) to {last:.0f} ms"
    return Change("latency", f"{usual:.0f} ms", f"{last:.0f} ms", f"{since}; {risen} at the last answer.")


_COMPARISONS: Sequence[Callable[[Failure], Change | None]] = (
    _led_nowhere,
    _led_elsewhere,
    _certificate,
    _realm,
    _software,
    _latency,
)


def _hosts(edges: Collection[SeenEdge]) -> frozenset[str]:
    return frozenset(each.host for each in edges)


def _listed(names: Iterable[str]) -> str:
    shown = sorted({one_line(each, _WORDS) for each in names})
    more = len(shown) - _NAMED_AT_MOST
    return ", ".join(shown[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")


def _once(failure: Failure) -> str:
    return "" if failure.answered_at is None else f" at {_utc(failure.answered_at)}"


def _as_before(failure: Failure) -> str:
    return "" if failure.answered_at is None else f", as it did at {_utc(failure.answered_at)}"


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
