"""Is a destination alive? One request to each edge (docs/design/sip.md, "Liveness").

Here it is asked by the plain path's parts, which see everything there is to see; sipcheck/sweep/liveness_question.py
asks the same of thousands, and reads in full only what does not say alive.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sipcheck.diagnosis.evidence import EdgeEvidence
from sipcheck.diagnosis.rules import diagnose
from sipcheck.dns.route import Edge, Route
from sipcheck.engine import Engine
from sipcheck.reasons import Cause, Reason
from sipcheck.report.call_ids import sent_requests
from sipcheck.report.model import Certificate
from sipcheck.report.trace import Trace
from sipcheck.settings import EngineSettings
from sipcheck.target import Target
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.verification.call_form import CallForm, FormAnswer
from sipcheck.verification.call_forms import ask_each
from sipcheck.verification.edge_probe import EdgeProbe, probing
from sipcheck.verification.identity import Identity
from sipcheck.verification.verification import MAX_PROBED_EDGES


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeLiveness:
    """What came of asking one edge; `reason` is `alive`, or why it is not.

    `sent` counts requests, retransmissions among them. `facts` are the telling headers of its answer and Server and
    Allow, empty where there was no answer; None where nobody read more of it than that it is alive. `cause` is what
    lies behind a failure, `certificate` what was presented over TLS, `call_id` that of the request where it failed.
    """

    edge: Edge
    alive: bool
    reason: Reason
    sip_status: int | None = None
    latency_ms: float | None = None
    sent: int = 0
    facts: Mapping[str, str] | None = None
    cause: Cause | None = None
    certificate: Certificate | None = None
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """Alive when any edge answered, `reason` being `alive` then; else why the first one did not.

    Status, latency and facts are those of the edge that decides: the first living one, or the first. `forms` are the
    answers to what was asked once more.
    """

    alive: bool
    reason: Reason
    some_dead: bool = False
    sip_status: int | None = None
    latency_ms: float | None = None
    facts: Mapping[str, str] | None = None
    edges: tuple[EdgeLiveness, ...] = ()
    forms: tuple[FormAnswer, ...] = ()
    cause: Cause | None = None

    @classmethod
    def of(cls, edges: Sequence[EdgeLiveness]) -> "Liveness":
        """Judge a destination by its edges, of which there is one at least."""
        living = [edge for edge in edges if edge.alive]
        decisive = (living or edges)[0]
        return cls(
            alive=decisive.alive,
            reason=decisive.reason,
            some_dead=0 < len(living) < len(edges),
            sip_status=decisive.sip_status,
            latency_ms=decisive.latency_ms,
            facts=decisive.facts,
            edges=tuple(edges),
            cause=decisive.cause,
        )

    @property
    def sent(self) -> Counter[str]:
        """How many requests each address got, retransmissions among them."""
        sent: Counter[str] = Counter()
        for each in self.edges:
            sent[each.edge.address] += each.sent
        return sent


async def find_edges(
    engine: Engine, target: Target, *, timeout_seconds: float
) -> tuple[Edge, ...] | Liveness:
    """Resolve a target and judge every address; what leads nowhere, or where nothing may be sent, is a result."""
    found = await find_route(engine, target, timeout_seconds=timeout_seconds)
    return found if isinstance(found, Liveness) else found.edges[:MAX_PROBED_EDGES]


async def find_route(engine: Engine, target: Target, *, timeout_seconds: float) -> Route | Liveness:
    """The same with all that DNS said; of its edges the first MAX_PROBED_EDGES are to be asked."""
    plan = TimePlan(timeout_seconds)
    route = await engine.resolver.resolve(target, timeout_seconds=plan.dns_seconds)
    failure = route.obstacle(engine.settings.guard)
    if failure is not None:
        return Liveness(alive=False, reason=failure.reason)
    return route


async def ask_edges(
    engine: Engine,
    target: Target,
    edges: Sequence[Edge],
    *,
    timeout_seconds: float,
    username: str | None = None,
    by_register: bool = False,
    fresh: bool = False,
    forms: Sequence[Sequence[CallForm]] = (),
) -> Liveness:
    """Ask judged edges once each: by OPTIONS, or by REGISTER without credentials and Contact; as the account of this
    user, which a peer knows, or as nobody's.

    UDP goes through the engine's batch; `fresh` takes the plain way over another socket instead, so that a fault of
    the shared one decides nothing. Connections are always new. What answers OPTIONS is asked `forms` of its edge behind
    that. Raises ValueError as the builder does.
    """
    # Whoever asks for life alone says by his time how long silence has to last.
    run = replace(engine.run_context(timeout_seconds), plan=TimePlan(timeout_seconds, is_measure=True))
    if fresh:
        run = replace(run, udp_batch_for=None, open_channel=engine.open_channel_apart)
    else:
        run = replace(run, udp_batch_for=engine.udp_batch_for)
    async with probing(edges, asking_identity(target, engine.settings, username, by_register), run) as probes:
        await asyncio.gather(
            *(probe.ask_register() if by_register else probe.ask_options() for probe in probes)
        )
        living = {probe.name for probe in probes if probe.alive}
        asked = await ask_each(probes, [each for each in forms if each[0].edge in living], run)
    sent = {each.probe.name: each.sent for each in asked}
    heard = _with_call_ids([_heard(probe) for probe in probes], run.trace)
    found = Liveness.of([replace(each, sent=each.sent + sent.get(str(each.edge), 0)) for each in heard])
    return replace(found, forms=tuple(answer for each in asked for answer in each.answers))


def asking_identity(
    target: Target, settings: EngineSettings, username: str | None, by_register: bool
) -> Identity:
    """Who asks whether a destination lives: the account of this user, or nobody."""
    if username is None and by_register:
        # A REGISTER needs an address-of-record; this one is nobody's.
        username = settings.from_user
    return Identity.of(target, settings, username)


def _with_call_ids(heard: Sequence[EdgeLiveness], trace: Trace) -> list[EdgeLiveness]:
    """Name the requests that failed, as they were recorded."""
    if all(each.alive for each in heard):
        return list(heard)
    call_ids = {each.edge: each.call_id for each in reversed(sent_requests(trace.steps))}
    return [each if each.alive else replace(each, call_id=call_ids.get(str(each.edge))) for each in heard]


def _heard(probe: EdgeProbe) -> EdgeLiveness:
    return replace(judged(probe.edge, probe.evidence), certificate=probe.connection.certificate)


def judged(edge: Edge, evidence: EdgeEvidence) -> EdgeLiveness:
    """What the evidence of one edge says of its liveness."""
    answered = next((each for each in evidence.exchanges if each.status is not None), None)
    doubt = edge.instead_of
    if evidence.alive:
        reason = Reason.ALIVE
    elif doubt is not None and answered is None:
        reason = doubt.reason
    else:
        reason = diagnose(evidence)
    failure = None if evidence.alive else evidence.failure_of(reason)
    seconds = None if answered is None else answered.rtt_seconds
    return EdgeLiveness(
        edge=edge,
        alive=evidence.alive,
        reason=reason,
        sip_status=None if answered is None else answered.status,
        latency_ms=None if seconds is None else round(seconds * 1000, 3),
        sent=sum(1 + each.retransmissions for each in evidence.exchanges),
        facts=_facts(evidence),
        cause=None if failure is None else failure.cause,
    )


def _facts(evidence: EdgeEvidence) -> Mapping[str, str]:
    facts: dict[str, str] = {}
    for each in evidence.exchanges:
        named = {"Server": each.server, "Allow": each.allow}
        facts |= {name: value for name, value in named.items() if value} | dict(each.facts)
    return facts
