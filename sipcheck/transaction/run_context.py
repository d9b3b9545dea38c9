"""What all requests of one run share."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sipcheck.credentials import BeforeCredentials, Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.dns.resolver import Resolver
from sipcheck.dns.route import Edge
from sipcheck.guard import Guard
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort
from sipcheck.transaction.invite.call_journal import WriteDown
from sipcheck.transaction.invite.call_keeper import CallKeeper
from sipcheck.transaction.invite.led_call import LedCall
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.transaction.udp_batch.batch import UdpBatch
from sipcheck.transport.channel import Channel

# The batch of this edge's address family, and our own address there. Raises TransportFailed.
UdpBatchFor = Callable[[Edge], tuple[UdpBatch, HostPort]]

# Called with an edge to which nothing more is sent, while others may still be asked.
EdgeDone = Callable[[Edge], None]

# The edge, the name its certificate must bear, and the moment by which it must be open. Raises TransportFailed.
OpenChannel = Callable[[Edge, str, float], Awaitable[Channel]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Handed down from the engine to each transaction. `deadline` is on the event loop's clock; `speaker` is the user
    that requests speak as where there are no credentials. With `asks_on` living edges are asked once more behind the
    verdict, and are not told of by `edge_done`.
    """

    open_channel: OpenChannel
    trace: Trace
    plan: TimePlan
    deadline: float
    credentials: Credentials | None = None
    speaker: str | None = None
    proof: Proof = Proof.NONE
    before_credentials: BeforeCredentials | None = None
    udp_batch_for: UdpBatchFor | None = None
    edge_done: EdgeDone | None = None
    asks_on: bool = False
    # For what a peer names within a call: where it leads, and whether anything may be sent there.
    resolver: Resolver | None = None
    guard: Guard | None = None
    calls: CallKeeper | None = None
    # Writes down what ends a call, before it leaves.
    write_down: WriteDown | None = None
    # As whom a call is made, where that is not the user; the number that is stated beside the user; how it is written
    # where it goes by a way of its own.
    caller: str | None = None
    stated: str | None = None
    led: LedCall | None = None

    @property
    def seconds_left(self) -> float:
        """Until the deadline; negative once it has passed."""
        return self.deadline - asyncio.get_running_loop().time()

    @property
    def username(self) -> str | None:
        return self.speaker if self.credentials is None else self.credentials.username

    @property
    def realms_learned(self) -> bool:
        return self.credentials is not None and self.credentials.realms_learned

    @property
    def proof_credentials(self) -> Credentials | None:
        """The credentials, where they may be used at all."""
        return None if self.proof is Proof.NONE else self.credentials
