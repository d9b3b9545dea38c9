"""Two reports of one trunk from two places side by side: where it works, what differs, and whose turn that makes it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sipcheck.reasons import Outcome, Party, Reason
from sipcheck.report.model import EdgeReport, Report

_MOST_SHOWN = 200


class Relation(StrEnum):
    """How two verdicts stand to one another; names are added, never renamed."""

    WORKS_FROM_BOTH = "works-from-both"
    FAILS_FROM_BOTH_ALIKE = "fails-from-both-alike"
    FAILS_FROM_BOTH_OTHERWISE = "fails-from-both-otherwise"
    WORKS_THERE_ALONE = "works-there-alone"
    WORKS_HERE_ALONE = "works-here-alone"
    ANOTHER_TRUNK = "another-trunk"


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that the two saw otherwise; `there` is the report that was given."""

    name: str
    there: str
    here: str


@dataclass(frozen=True, slots=True)
class Comparison:
    relation: Relation
    said: str
    differences: tuple[Difference, ...]


# From where something fails while it works from elsewhere, by what was met there.
_BY_SOURCE = frozenset(
    {
        Reason.SIP_FORBIDDEN,
        Reason.NO_RESPONSE,
        Reason.CONNECTION_REFUSED,
        Reason.CONNECTION_TIMEOUT,
        Reason.CONNECTION_RESET,
        Reason.HOST_UNREACHABLE,
    }
)


def compare(there: Report, here: Report) -> Comparison:
    """Set the report of another place, `there`, beside the one that was made here."""
    differences = tuple(_differences(there, here))
    other = [name for name, read in _TRUNK.items() if read(there) != read(here)]
    if other:
        said = f"The two reports are of different trunks: they differ in {' and '.join(other)}."
        return Comparison(Relation.ANOTHER_TRUNK, said, differences)
    works_there, works_here = _works(there), _works(here)
    if works_there and works_here:
        return Comparison(Relation.WORKS_FROM_BOTH, "It works from both places.", differences)
    if works_there or works_here:
        relation = Relation.WORKS_THERE_ALONE if works_there else Relation.WORKS_HERE_ALONE
        failing, place, other_place = (here, "here", "there") if works_there else (there, "there", "here")
        said = f"It works from {other_place}, not from {place}: {_why_from_one(failing, place)}"
        return Comparison(relation, said, differences)
    if (there.reason, there.cause) == (here.reason, here.cause):
        said = f"It fails from both places alike ({here.reason}): {_TURNS[here.party]}"
        return Comparison(Relation.FAILS_FROM_BOTH_ALIKE, said, differences)
    said = f"It fails from both places, and otherwise: {there.reason} there, {here.reason} here."
    return Comparison(Relation.FAILS_FROM_BOTH_OTHERWISE, said, differences)


def _works(report: Report) -> bool:
    return report.outcome in (Outcome.VERIFIED, Outcome.REACHABLE)


_TURNS = {
    Party.CARRIER: "where it is asked from makes no difference, and the carrier has to act.",
    Party.NETWORK: "where it is asked from makes no difference; the carrier, or the network before it.",
    Party.CONFIGURATION: "where it is asked from makes no difference; the trunk's settings have to be corrected.",
    Party.OURS: "both runs were ended or hindered at our side, which says nothing of the carrier.",
    Party.NOBODY: "nobody has to act.",
}


def _why_from_one(failing: Report, place: str) -> str:
    """What a failure at one place alone means."""
    reason = failing.reason
    if reason in _BY_SOURCE:
        address = _own_address(failing)
        named = f"to allow {address}" if address else "which addresses it allows"
        return f"ask the carrier {named}, and look for a firewall on the way from {place} ({reason})."
    if reason.startswith("dns-"):
        return f"the names are resolved otherwise {place}: look at the resolver there ({reason})."
    if reason.startswith("tls-"):
        return f"the certificate is seen or judged otherwise {place}: compare it, and the roots trusted ({reason})."
    if failing.party is Party.OURS:
        return f"the run {place} was ended or hindered at our side, which says nothing of the carrier ({reason})."
    return f"compare what was configured at the two places ({reason})."


def _own_address(report: Report) -> str | None:
    """The address that the carrier saw us come from, else our own."""
    for edge in report.edges:
        if address := edge.received_address or edge.local_address:
            return address.rpartition(":")[0].strip("[]")
    return None


_TRUNK: dict[str, Callable[[Report], object]] = {
    "domain": lambda report: report.target.domain,
    "port": lambda report: report.target.port,
    "transport": lambda report: report.target.transport,
    "username": lambda report: report.target.username,
    "outbound proxy": lambda report: report.target.outbound_proxy,
}


def _edge_fact(name: str) -> Callable[[Report], object]:
    def read(report: Report) -> object:
        edge = _deciding_edge(report)
        return None if edge is None else getattr(edge, name)

    return read


def _certificate_fact(name: str) -> Callable[[Report], object]:
    def read(report: Report) -> object:
        edge = _deciding_edge(report)
        return None if edge is None or edge.certificate is None else getattr(edge.certificate, name)

    return read


def _addresses(report: Report) -> str:
    return ", ".join(sorted({edge.address for edge in report.edges}))


_FACTS: dict[str, Callable[[Report], object]] = {
    "outcome": lambda report: report.outcome,
    "reason": lambda report: report.reason,
    "cause": lambda report: report.cause,
    "credentials": lambda report: report.credentials,
    "addresses": _addresses,
    "sip_status": _edge_fact("sip_status"),
    "sip_reason": _edge_fact("sip_reason"),
    "server": _edge_fact("server"),
    "certificate subject": _certificate_fact("subject"),
    "certificate issuer": _certificate_fact("issuer"),
    "certificate end": _certificate_fact("not_after"),
    "warnings": lambda report: ", ".join(sorted({warning.code for warning in report.warnings})),
}


def _differences(there: Report, here: Report) -> Iterator[Difference]:
    for name, read in (_TRUNK | _FACTS).items():
        before, after = read(there), read(here)
        if before != after:
            yield Difference(name, _shown(before), _shown(after))


def _shown(value: object) -> str:
    return "none" if value in (None, "") else str(value)[:_MOST_SHOWN]


def _deciding_edge(report: Report) -> EdgeReport | None:
    probed = [edge for edge in report.edges if edge.outcome is not None]
    return next((edge for edge in probed if edge.reason is report.reason), next(iter(probed), None))
