"""A claim of a destination and what came of it: values, so that no row is locked while it is checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sipcheck.reasons import Cause, Reason
from sipcheck.target import Target, TransportName, parse_host_port
from trunks.rules.asking import Asker
from trunks.rules.destination_facts import DestinationFacts
from trunks.rules.way_evidence import Dialled


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckClaim:
    """One cycle of one destination, ours until `lease_until`; every write names `claim_id` and `cycle`.

    `counts` is false where only somebody who asked wants to know. `asked` says that somebody waits. `failures`
    in a row came before it, `held_failures` of them held back; `was_alive` says that it has ever answered a cycle,
    `fell_lately` that the failures began within the last interval. `in_full` says that all there is to see is to be
    seen this time. `due_since` is when it was due first. `asker` is whose account speaks, None for nobody's;
    `answer_status` and `answer_server` are the last answer's, as are `answered_at`, `latency_ms` and what it showed,
    `good`, which is read from its text when somebody asks; `last_address` is the first that it led to before. Since
    `edge_fell_at` an edge in use is silent though another answers, `edge_held_failures` checks of it held back.
    """

    destination_id: UUID
    claim_id: UUID
    cycle: int
    claimed_at: datetime
    lease_until: datetime
    domain: str
    port: int | None
    transport: TransportName | None
    outbound_proxy: str | None
    interval_seconds: float
    counts: bool
    asked: bool
    options_ignored: bool
    failures: int
    held_failures: int
    was_alive: bool
    fell_lately: bool
    in_full: bool
    due_since: datetime | None = None
    asker: Asker | None = None
    answer_status: int | None = None
    answer_server: str | None = None
    answered_at: datetime | None = None
    latency_ms: float | None = None
    good_text: str | None = None
    last_address: str | None = None
    edge_fell_at: datetime | None = None
    edge_held_failures: int = 0

    @property
    def good(self) -> Mapping[str, Any] | None:
        return None if self.good_text is None else json.loads(self.good_text)

    @property
    def edge_fell_lately(self) -> bool:
        """Whether an edge in use fell within the last two intervals."""
        lately = timedelta(seconds=2 * self.interval_seconds)
        return self.edge_fell_at is not None and self.claimed_at - self.edge_fell_at <= lately

    def target(self) -> Target:
        """Where to ask."""
        return Target(
            domain=self.domain,
            port=self.port,
            transport=self.transport,
            outbound_proxy=None if self.outbound_proxy is None else parse_host_port(self.outbound_proxy),
        )


@dataclass(frozen=True, slots=True)
class EdgeResult:
    """What came of one edge, named as reports name it; `latency_ms` where it was answered."""

    edge: str
    alive: bool
    latency_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a cycle came to; `address` is the first edge's, where there was one, `edge_addresses` are all that it led
    to.

    `facts` are the telling headers of the answer that decided; None where only its status was looked at. `edges` are
    those that were asked. `next_seconds` says how long it rests at least, where a peer's guard may have counted it.
    `dialled` is where calls to the address as given would go, None where nobody looked. `seen` is what is compared
    when it fails, `cause` what lies behind its reason, and `call_ids` those of requests that failed, with their edges.
    `ttl_seconds` is how long DNS lets the edges be kept; it left nothing unanswered where it `is_whole`.
    """

    claim: CheckClaim
    alive: bool
    reason: Reason
    some_dead: bool = False
    sip_status: int | None = None
    latency_ms: float | None = None
    address: str | None = None
    facts: Mapping[str, str] | None = None
    edges: tuple[EdgeResult, ...] = ()
    edge_addresses: tuple[str, ...] = ()
    next_seconds: float | None = None
    dialled: Dialled | None = None
    seen: DestinationFacts | None = None
    cause: Cause | None = None
    call_ids: tuple[tuple[str, str], ...] = ()
    ttl_seconds: int | None = None
    is_whole: bool = True

    @property
    def silent_edges(self) -> frozenset[str]:
        """Name the edges that were asked and did not answer."""
        return frozenset(each.edge for each in self.edges if not each.alive)

    @property
    def is_partly_silent(self) -> bool:
        """Whether it answers, and not at each edge."""
        for each in self.edges:
            if not each.alive:
                return self.alive
        return False
