"""What one run found otherwise than its destination was known: for its own tenant alone."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sipcheck.phrases.sentence import Sentence
from sipcheck.report.model import Report
from trunks.rules.destination_facts import DestinationFacts, facts_of_report
from trunks.rules.what_changed import Failure

_OTHER_REALM = "challenge.realm"


def failure_of_run(
    report: Report, before: DestinationFacts, *, answered_at: datetime | None, at: datetime
) -> Failure:
    """Compare a run's report with what is known of its destination; `at` is when it failed."""
    realm_before, realm_after = realms_of(report)
    return Failure(
        at=at,
        reason=report.reason.value,
        cause=None if report.cause is None else report.cause.value,
        answered_at=answered_at,
        before=before,
        after=facts_of_report(report),
        realm_before=realm_before,
        realm_after=realm_after,
        asked_edges=len(report.edges),
    )


def realms_of(report: Report) -> tuple[str | None, str | None]:
    """The realm that was expected and the one that was asked in the name of, where they differ."""
    for said in _all(report.sentences):
        found, expected = said.parameters.get("found"), said.parameters.get("expected")
        if said.key == _OTHER_REALM and isinstance(found, str) and isinstance(expected, str):
            return expected, found
    return None, None


def _all(sentences: Iterable[Sentence]) -> Iterator[Sentence]:
    for each in sentences:
        yield each
        yield from _all(inner for inner in each.parameters.values() if isinstance(inner, Sentence))
