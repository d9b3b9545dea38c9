"""Is a destination alive? Asked again and again over UDP: written once, sent without a task, a future or a trace."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from sipcheck.diagnosis.evidence import EdgeEvidence, Proof, is_sign_of_life
from sipcheck.dns.route import Edge
from sipcheck.engine import Engine
from sipcheck.errors import TransportFailed
from sipcheck.reasons import Reason
from sipcheck.sweep.liveness import EdgeLiveness, Liveness, asking_identity, judged
from sipcheck.target import Target, TransportName
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.transaction.udp_batch.batch import UdpBatch
from sipcheck.transaction.udp_batch.pending import PendingRequest
from sipcheck.transaction.udp_batch.prepared_request import PreparedRequest
from sipcheck.verification.options import options_template
from sipcheck.verification.register import register_template


class LivenessQuestion:
    """A request to each edge of one destination, for as long as its engine is open.

    Our own address on the way is looked up when the question is written: let go of one that was not answered, and of
    one that is old.
    """

    __slots__ = ("_requests",)

    def __init__(self, requests: Sequence[tuple[UdpBatch, PreparedRequest]]) -> None:
        self._requests = tuple(requests)

    def ask(self, ended: Callable[["LivenessHeard"], None], plan: TimePlan) -> None:
        """Send each request; `ended` is called once, from the loop, when all have come to an end."""
        heard = LivenessHeard(len(self._requests), ended)
        for batch, request in self._requests:
            batch.ask(request, heard.take, plan=plan)


class Life(NamedTuple):
    """An answer that says alive; `sent` counts retransmissions too."""

    status: int | None
    latency_ms: float
    sent: int


class LivenessHeard:
    """What has come of a question's requests, read when it is asked for."""

    __slots__ = ("_awaited", "_ended", "_pending")

    def __init__(self, awaited: int, ended: Callable[["LivenessHeard"], None]) -> None:
        self._awaited = awaited
        self._ended = ended
        self._pending: list[PendingRequest] = []

    def take(self, pending: PendingRequest) -> None:
        self._pending.append(pending)
        if len(self._pending) == self._awaited:
            self._ended(self)

    def only_life(self) -> "Life | None":
        """What is to be told of the only edge asked, where it is alive; None for everything else."""
        pending = self._pending[0]
        seconds = pending.rtt_seconds
        if self._awaited > 1 or seconds is None or not is_sign_of_life(pending.status):
            return None
        return Life(pending.status, round(seconds * 1000, 3), 1 + pending.retransmissions)

    def liveness(self, edges: Sequence[Edge]) -> Liveness:
        """Judge by the rules of the plain path, the edges in their order."""
        if len(self._pending) == 1:
            return Liveness.of([_heard(self._pending[0])])
        by_edge = {pending.request.edge: _heard(pending) for pending in self._pending}
        return Liveness.of([by_edge[edge] for edge in edges])


def write_question(
    engine: Engine,
    target: Target,
    edges: Sequence[Edge],
    *,
    username: str | None = None,
    by_register: bool = False,
) -> LivenessQuestion | None:
    """Write the question for judged edges, as `ask_edges` would ask it.

    None where one of them has to be asked by the plain path: by another transport, by no way that we know of, or with
    a request that is too large for a datagram. Raises ValueError as the builder does.
    """
    identity = asking_identity(target, engine.settings, username, by_register)
    requests = []
    for edge in edges:
        if edge.transport is not TransportName.UDP:
            return None
        try:
            batch, local = engine.udp_batch_for(edge)
        except TransportFailed:
            return None
        template = register_template(identity) if by_register else options_template(identity, local.host)
        request = PreparedRequest(edge, template, local)
        if request.room_bytes < 0:
            return None
        requests.append((batch, request))
    return LivenessQuestion(requests)


def _heard(pending: PendingRequest) -> EdgeLiveness:
    request, status, seconds = pending.request, pending.status, pending.rtt_seconds
    if is_sign_of_life(status) and seconds is not None:
        return EdgeLiveness(
            edge=request.edge,
            alive=True,
            reason=Reason.ALIVE,
            sip_status=status,
            latency_ms=round(seconds * 1000, 3),
            sent=1 + pending.retransmissions,
        )
    result = pending.result()
    by_register = request.template.method == "REGISTER"
    evidence = EdgeEvidence(
        options=None if by_register else result, register=result if by_register else None, proof=Proof.NONE
    )
    return replace(judged(request.edge, evidence), call_id=pending.call_id.decode())
