"""What a run may cost at the guards of its peers, and what it did cost (docs/design/queue.md, "Knocks")."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sipcheck.reasons import CREDENTIALS_REFUSED
from sipcheck.report.model import Direction, EdgeReport, TraceStep
from sipcheck.target import HostPort
from trunks.rules.asking import counts_challenges
from trunks.rules.visitor import Visitor
from trunks.runs.knock_ledger import ASKED_AT_WORST, PASSWORD_AT_WORST, Seen


def worst_of(edges: Mapping[str, int], *, proof: bool) -> Mapping[str, int]:
    """What a run may cost at each address, given with how many edges it has there.

    The password goes to one edge of all, and nobody knows which; REGISTER to each that the one before it left silent.
    """
    asked, password = (ASKED_AT_WORST, PASSWORD_AT_WORST) if proof else (1, 0)
    return {address: count * asked + password for address, count in edges.items()}


class Told(Protocol):
    """A report of whatever was sent: a verification's, or a call's."""

    @property
    def edges(self) -> Sequence[EdgeReport]: ...

    @property
    def trace(self) -> Sequence[TraceStep]: ...


def seen_in(report: Told, visitor: Visitor, user_known: bool) -> Sequence[Seen]:
    """What a run came to, by address: a refused password counts twice where the user was never proven there.

    Of an account that is proven, what is asked before the password counts only where each challenge does.
    """
    weights: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    silent: Counter[str] = Counter()
    heard = {(step.edge or "").rpartition("/")[0] for step in report.trace if _is_answer(step.direction)}
    for edge in report.edges:
        refused = int(edge.reason in CREDENTIALS_REFUSED)
        weight = edge.knocks if counts_challenges(edge.server) or not visitor.proven else refused
        weights[edge.address] += weight + refused * (not visitor.proven and not user_known)
        refusals[edge.address] += refused
        silent[edge.address] += 0 if _was_heard(edge, heard) else weight
    return [Seen(address, weights[address], refusals[address], silent[address]) for address in weights]


def _is_answer(direction: Direction) -> bool:
    return direction is Direction.RECEIVED


def _was_heard(edge: EdgeReport, heard: Collection[str]) -> bool:
    return str(HostPort(edge.address, edge.port)) in heard
