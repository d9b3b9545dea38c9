"""A request prepared once and sent many times: all but what changes with each transaction is written already."""

from dataclasses import dataclass, field

from sipcheck.credentials import Credentials
from sipcheck.dns.route import Edge
from sipcheck.target import HostPort
from sipcheck.transaction.request_template import MAX_DATAGRAM_BYTES, RequestTemplate
from sipcheck.transaction.udp_batch.prepared_message import PreparedMessage
from sipcheck.transaction.udp_batch.tokens import TOKEN_BYTES
from sipcheck.transport.udp_socket import SocketAddress


@dataclass(slots=True, eq=False)
class PreparedRequest:
    """One request to one edge over UDP; send it as often as wanted. `local` is our own address there.

    The template's Call-ID and From tag are replaced by new ones each time. `room_bytes` is what credentials may add
    before it is too large for a datagram; below zero it is that already. Raises ValueError for a template that the
    grammar does not let out.
    """

    edge: Edge
    template: RequestTemplate
    local: HostPort
    credentials: Credentials | None = None
    address: SocketAddress = field(init=False)
    remote: HostPort = field(init=False)
    first: PreparedMessage = field(init=False)
    room_bytes: int = field(init=False)
    _later: dict[int, PreparedMessage] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.address = (self.edge.address, self.edge.port)
        self.remote = HostPort(self.edge.address, self.edge.port)
        self.first = PreparedMessage.of(self.template, self.local, 1)
        self.room_bytes = MAX_DATAGRAM_BYTES - len(self.first.render(bytes(TOKEN_BYTES), bytes(TOKEN_BYTES)))

    def message(self, cseq: int) -> PreparedMessage:
        """The request of this CSeq; a later one is sent with credentials."""
        if cseq == 1:
            return self.first
        if cseq not in self._later:
            self._later[cseq] = PreparedMessage.of(self.template, self.local, cseq)
        return self._later[cseq]
