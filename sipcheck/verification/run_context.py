"""What all edges of one verification share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.dns.resolver import Edge
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort
from sipcheck.transaction.exchange import BeforeCredentials
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.transaction.udp_batch.batch import UdpBatch
from sipcheck.transport.channel import Channel
from sipcheck.verification.identity import Identity

# A window of this edge's family, and our own address there. Raises TransportFailed.
UdpBatchFor = Callable[[Edge], tuple[UdpBatch, HostPort]]

# The edge, the name its certificate must bear, and the moment by which it must be open.
OpenChannel = Callable[[Edge, str, float], Awaitable[Channel]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What all edges of one verification share. `deadline` is on the event loop's clock."""

    identity: Identity
    open_channel: OpenChannel
    trace: Trace
    plan: TimePlan
    deadline: float
    credentials: Credentials | None
    proof: Proof
    before_credentials: BeforeCredentials | None = None
    udp_batch_for: UdpBatchFor | None = None

    @property
    def realms_learned(self) -> bool:
        return self.credentials is not None and self.credentials.realms_learned

    @property
    def proof_credentials(self) -> Credentials | None:
        """The credentials, where they may be used at all."""
        return None if self.proof is Proof.NONE else self.credentials
