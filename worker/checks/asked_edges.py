"""The edges that a destination's check asks, with what each of its results says of them again."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sipcheck.dns.route import Edge
from sipcheck.report.model import Certificate
from trunks.rules.destination_facts import DestinationFacts, SeenEdge


@dataclass(frozen=True, slots=True)
class AskedEdges:
    """Worked out once, and kept with the question: `names` are those of reports, `addresses` each once, `requests`
    how many each of these gets. `seen` is what a check sees here that DNS kept nothing from and no certificate came
    to, and `kept` how the store keeps that.
    """

    edges: tuple[Edge, ...]
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    requests: Counter[str]
    seen: DestinationFacts
    kept: str

    @classmethod
    def of(cls, edges: Sequence[Edge]) -> "AskedEdges":
        """Work it out for edges, of which there is one at least."""
        requests = Counter(edge.address for edge in edges)
        seen = _seen(edges, (), is_whole=True)
        return cls(tuple(edges), tuple(map(str, edges)), tuple(requests), requests, seen, seen.kept_text())

    def seen_with(self, certificates: Iterable[Certificate | None], *, is_whole: bool) -> DestinationFacts:
        """What a check sees that these certificates came to."""
        return _seen(self.edges, certificates, is_whole=is_whole)


def _seen(
    edges: Sequence[Edge], certificates: Iterable[Certificate | None], *, is_whole: bool
) -> DestinationFacts:
    return DestinationFacts.of(
        [SeenEdge(each.host, str(each)) for each in edges], certificates, is_whole=is_whole
    )
