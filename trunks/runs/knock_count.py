"""What a run may cost at the guards of its peers, and what it did cost (docs/design/queue.md, "Knocks")."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sipcheck.reasons import Reason
from sipcheck.report.model import Report
from trunks.runs.knock_ledger import Seen

REJECTIONS = frozenset({Reason.CREDENTIALS_REJECTED, Reason.REGISTRATION_FORBIDDEN})

# REGISTER that is challenged, and its password refused, which counts twice where the user is unknown.
_PROOF_AT_WORST = 3


def worst_of(requests: Mapping[str, int], *, proof: bool) -> Mapping[str, int]:
    """What a run may cost at each address; the proof goes to one of them, and nobody knows which."""
    more = _PROOF_AT_WORST if proof else 0
    return {address: count + more for address, count in requests.items()}


def seen_in(report: Report) -> Sequence[Seen]:
    """What a run came to, by address."""
    refused = Counter(edge.address for edge in report.edges if edge.reason in REJECTIONS)
    return [Seen(address, 0, count) for address, count in refused.items()]
