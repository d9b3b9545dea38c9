"""What still comes over UDP for a transaction that has ended: whether each of its sendings had its answer."""

import re
from dataclasses import dataclass, field

from sipcheck.diagnosis.evidence import Copies
from sipcheck.errors import ParseError
from sipcheck.failure import Failure
from sipcheck.message.message import Response
from sipcheck.message.parser import parse
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort
from sipcheck.transport.udp import UdpEndpoint, host_port
from sipcheck.transport.udp_socket import SocketAddress


@dataclass(slots=True, eq=False)
class LateAnswers:
    """Stands under a branch until `stop()`, and counts the further final answers to it; they settle nothing.

    Only a request that was sent more than once is listened for: nothing is to be learned of the others.
    """

    endpoint: UdpEndpoint
    branch: bytes
    call_id: bytes
    remote: HostPort
    local: HostPort
    edge: str
    trace: Trace | None
    copies: Copies

    def stop(self) -> None:
        if self.endpoint.receivers.get(self.branch) is self:
            del self.endpoint.receivers[self.branch]

    def settled_by(self, data: bytes, address: SocketAddress, via: re.Match[bytes]) -> bool:
        return False

    def received(self, data: bytes, address: SocketAddress) -> None:
        try:
            message = parse(data)
        except ParseError:
            return  # whatever it is, it is no answer to a sending
        if isinstance(message, Response) and message.status >= 200:
            self.copies.count += 1
            if self.trace is not None:
                self.trace.received(self.edge, data, host_port(address), self.local)

    def kept_alive(self) -> None:
        """Nobody waits for an answer any more."""

    def failed(self, failure: Failure) -> None:
        """Nothing is waited for: an ICMP error ends nothing."""


@dataclass(slots=True)
class LateListening:
    """Listens for late answers of one edge for as long as a run lasts; ended by `stop()`."""

    edge: str
    trace: Trace | None
    _listening: list[LateAnswers] = field(default_factory=list)

    def listen(
        self,
        endpoint: UdpEndpoint,
        branch: bytes,
        call_id: bytes,
        *,
        local: HostPort,
        remote: HostPort,
        copies: Copies,
    ) -> None:
        """Count into `copies` what still comes under the branch of a transaction that has ended."""
        late = LateAnswers(endpoint, branch, call_id, remote, local, self.edge, self.trace, copies)
        endpoint.receivers.setdefault(branch, late)
        self._listening.append(late)

    def stop(self) -> None:
        for late in self._listening:
            late.stop()
        self._listening.clear()
