"""Is a destination alive? One request to each edge (docs/design/sip.md, "Liveness")."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sipcheck.diagnosis.rules import diagnose
from sipcheck.dns.route import Edge
from sipcheck.engine import Engine
from sipcheck.reasons import Reason
from sipcheck.target import Target
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.verification.edge_probe import EdgeProbe, probing
from sipcheck.verification.identity import Identity
from sipcheck.verification.verification import MAX_PROBED_EDGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """Alive when any edge answered, `reason` being `alive` then; else why the first one did not.

    `latency_ms` is the first living edge's; `sent` counts requests by address, retransmissions among them.
    """

    alive: bool
    reason: Reason
    some_dead: bool = False
    sip_status: int | None = None
    latency_ms: float | None = None
    sent: Mapping[str, int] = field(default_factory=dict)


async def find_edges(
    engine: Engine, target: Target, *, timeout_seconds: float
) -> tuple[Edge, ...] | Liveness:
    """Resolve a target and judge every address; what leads nowhere, or where nothing may be sent, is a result."""
    plan = TimePlan(timeout_seconds)
    route = await engine.resolver.resolve(target, timeout_seconds=plan.dns_seconds)
    failure = route.failure or route.refusal(engine.settings.guard)
    if failure is not None:
        return Liveness(alive=False, reason=failure.reason)
    return route.edges[:MAX_PROBED_EDGES]


async def ask_edges(
    engine: Engine,
    target: Target,
    edges: Sequence[Edge],
    *,
    timeout_seconds: float,
    username: str | None = None,
    by_register: bool = False,
    fresh: bool = False,
) -> Liveness:
    """Ask judged edges once each: by OPTIONS, or by REGISTER without credentials and Contact; as the account of this
    user, which a peer knows, or as nobody's.

    UDP goes through the engine's batch; `fresh` takes the plain way over another socket instead, so that a fault of
    the shared one decides nothing. Connections are always new. Raises ValueError as the builder does.
    """
    run = engine.run_context(timeout_seconds)
    if fresh:
        run = replace(run, udp_batch_for=None, open_channel=engine.open_channel_apart)
    else:
        run = replace(run, udp_batch_for=engine.udp_batch_for)
    if username is None and by_register:
        # A REGISTER needs an address-of-record; this one is nobody's.
        username = engine.settings.from_user
    async with probing(edges, Identity.of(target, engine.settings, username), run) as probes:
        await asyncio.gather(
            *(probe.ask_register() if by_register else probe.ask_options() for probe in probes)
        )
    return _liveness(probes)


def _liveness(probes: Sequence[EdgeProbe]) -> Liveness:
    living = [probe for probe in probes if probe.alive]
    decisive = (living or probes)[0]
    answered = next((each for each in decisive.evidence.exchanges if each.status is not None), None)
    doubt = decisive.edge.instead_of
    if living:
        reason = Reason.ALIVE
    elif doubt is not None and answered is None:
        reason = doubt.reason
    else:
        reason = diagnose(decisive.evidence)
    seconds = None if answered is None else answered.rtt_seconds
    return Liveness(
        alive=bool(living),
        reason=reason,
        some_dead=bool(living) and len(living) < len(probes),
        sip_status=None if answered is None else answered.status,
        latency_ms=None if seconds is None else round(seconds * 1000, 3),
        sent=_sent(probes),
    )


def _sent(probes: Sequence[EdgeProbe]) -> Counter[str]:
    sent: Counter[str] = Counter()
    for probe in probes:
        sent[probe.edge.address] += sum(1 + each.retransmissions for each in probe.evidence.exchanges)
    return sent
