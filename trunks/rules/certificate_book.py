"""What is known of the certificates of a destination, by edge: pure functions (docs/design/people.md, "Certificates").

A report may have asked one of several edges: what it did not see is as it was, and a certificate is renewed by another
one at the same edge.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sipcheck.report.model import EdgeReport
from sipcheck.target import edge_name
from trunks.rules.certificates import first_end

# A report that asks one edge of several comes by each of them within that time; what is older may be renewed unseen.
_SEEN_FOR = timedelta(days=14)
# Of an edge that no check watches, as it has to be: of a carrier that rotates, a proof a day names some at a time.
_NAMED_FOR = timedelta(days=3)
# Those that end first.
_MOST_EDGES = 16
# Of the ends that notices were given of, the last ones.
_MOST_TOLD = 16
# What a former version knew, that kept no edges.
_OF_NO_EDGE = ""


@dataclass(frozen=True, slots=True)
class EdgeEnd:
    """When an edge's certificate ends, when it was seen last, and when DNS named the edge last."""

    at: datetime
    seen_at: datetime
    named_at: datetime


@dataclass(frozen=True, slots=True)
class CertificateBook:
    """`edges` by their names; `told` are the days of the last notice of each end."""

    edges: Mapping[str, EdgeEnd] = field(default_factory=dict)
    told: Mapping[datetime, int] = field(default_factory=dict)

    @property
    def first_end(self) -> datetime | None:
        return min((each.at for each in self.edges.values()), default=None)

    def is_told(self, end: datetime, days: int) -> bool:
        """Whether this notice of this end was given, or a later one."""
        return end in self.told and self.told[end] <= days

    def with_told(self, end: datetime, days: int) -> "CertificateBook":
        """Note that a notice was given."""
        others = [(each, of) for each, of in self.told.items() if each != end]
        return replace(self, told=dict([*others, (end, days)][-_MOST_TOLD:]))


def shown_ends(edges: Iterable[EdgeReport]) -> dict[str, datetime | None]:
    """Name the edges of a report, each with the end of the certificate that it showed, if any."""
    by_name: dict[str, list[EdgeReport]] = defaultdict(list)
    for edge in edges:
        by_name[edge_name(edge.address, edge.port, edge.transport)].append(edge)
    return {name: first_end(of) for name, of in by_name.items()}


def after_report(
    book: CertificateBook,
    shown: Mapping[str, datetime | None],
    now: datetime,
    *,
    is_whole: bool,
    standing: Collection[str] = (),
    withdrawn: Collection[str] = (),
) -> CertificateBook:
    """Say what is known after a report that named these edges; `is_whole` where DNS left no question unanswered.

    Health checks have named those that are `standing`, and no more those that are `withdrawn`.
    """
    seen = {name: EdgeEnd(at, now, now) for name, at in shown.items() if at is not None}
    ends = {each.at for each in seen.values()}
    kept = {}
    for name, before in book.edges.items():
        # What a clock wrote before it was set back is of now.
        edge = EdgeEnd(
            before.at, min(before.seen_at, now), now if name in shown else min(before.named_at, now)
        )
        is_named = name in shown or name in standing or now - edge.named_at < _NAMED_FOR
        is_gone = is_whole and (not is_named or (name in withdrawn and name not in shown))
        # Whose a former version's end was is known where an edge shows it, or all do.
        is_known = name == _OF_NO_EDGE and (edge.at in ends or (is_whole and len(seen) == len(shown)))
        if not is_gone and not is_known and now - edge.seen_at < _SEEN_FOR:
            kept[name] = edge
    first = sorted({**kept, **seen}.items(), key=lambda each: (each[1].at, each[0]))
    return replace(book, edges=dict(first[:_MOST_EDGES]))


def book_of_one_end(end: datetime | None, told_days: int | None, now: datetime) -> CertificateBook:
    """What is known where a former version kept the first end alone, and the last notice that was given of it."""
    if end is None:
        return CertificateBook()
    told = {} if told_days is None else {end: told_days}
    return CertificateBook({_OF_NO_EDGE: EdgeEnd(end, now, now)}, told)


def write_book(book: CertificateBook) -> dict[str, Any]:
    """Write it for its column."""
    return {
        "edges": {
            name: [_text(edge.at), _text(edge.seen_at), _text(edge.named_at)]
            for name, edge in book.edges.items()
        },
        "told": [[_text(end), days] for end, days in book.told.items()],
    }


def read_book(kept: Mapping[str, Any]) -> CertificateBook:
    """Read what the store keeps."""
    return CertificateBook(
        {
            name: EdgeEnd(*(datetime.fromisoformat(each) for each in columns[:3]))
            for name, columns in kept["edges"].items()
        },
        {datetime.fromisoformat(end): days for end, days in kept["told"]},
    )


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
