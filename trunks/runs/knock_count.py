"""What a run may cost at the guards of its peers, and what it did cost (docs/design/queue.md, "Knocks")."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sipcheck.reasons import Reason
from sipcheck.report.model import Report
from trunks.rules.visitor import Visitor
from trunks.runs.knock_ledger import WORST_OF_A_RUN, Seen

REJECTIONS = frozenset({Reason.CREDENTIALS_REJECTED, Reason.REGISTRATION_FORBIDDEN})

# These log every challenge of a REGISTER as what their filters count (docs/design/sip.md, hazard 1).
_COUNT_CHALLENGES = ("FreeSWITCH", "FusionPBX")

_PROOF_AT_WORST = WORST_OF_A_RUN - 1


def worst_of(requests: Mapping[str, int], *, proof: bool) -> Mapping[str, int]:
    """What a run may cost at each address; the proof goes to one of them, and nobody knows which."""
    more = _PROOF_AT_WORST if proof else 0
    return {address: count + more for address, count in requests.items()}


def seen_in(report: Report, visitor: Visitor, user_known: bool) -> Sequence[Seen]:
    """What a run came to, by address: a refused password counts twice where the user was never proven there.

    Of an account that is proven, what is asked before the password counts only where each challenge does.
    """
    weights: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    for edge in report.edges:
        refused = int(edge.reason in REJECTIONS)
        every_challenge = (edge.server or "").startswith(_COUNT_CHALLENGES)
        weights[edge.address] += edge.knocks if every_challenge or not visitor.proven else refused
        weights[edge.address] += refused * (not visitor.proven and not user_known)
        refusals[edge.address] += refused
    return [Seen(address, weights[address], refusals[address]) for address in weights]
