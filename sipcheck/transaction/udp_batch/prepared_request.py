"""A request prepared once and asked many times: all but what changes with each transaction is written already."""

import secrets
from dataclasses import dataclass, field, replace

from sipcheck.credentials import Credentials
from sipcheck.dns.resolver import Edge
from sipcheck.message.builder import BRANCH_COOKIE
from sipcheck.target import HostPort
from sipcheck.transaction.request_template import MAX_DATAGRAM_BYTES, RequestTemplate
from sipcheck.transaction.udp_batch.tokens import TOKEN_BYTES
from sipcheck.transport.udp_socket import SocketAddress

_LAST_LINE = b"Content-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class PreparedMessage:
    """A request of one CSeq, cut where its tokens stand; the others are what a response has to repeat."""

    cseq: int
    before_branch: bytes
    before_tag: bytes
    before_call_id: bytes
    rest: bytes
    sent_by: bytes
    from_start: bytes
    to_start: bytes
    cseq_line: bytes

    @classmethod
    def of(cls, draft: RequestTemplate, sent_by: HostPort, cseq: int) -> "PreparedMessage":
        """Write the draft once, by the strict builder, and cut it. Raises ValueError as the builder does."""
        # Stand-ins that nobody can foresee, so that no domain or username can hold one.
        branch, dialog = secrets.token_hex(TOKEN_BYTES // 2), secrets.token_hex(TOKEN_BYTES // 2)
        message = replace(draft, call_id=dialog, from_tag=dialog).build(
            transport="UDP", sent_by=sent_by, branch=BRANCH_COOKIE + branch, cseq=cseq
        )
        before, _, after = message.partition(branch.encode())
        before_tag, before_call_id, rest = after.removesuffix(_LAST_LINE).split(dialog.encode())
        return cls(
            cseq=cseq,
            before_branch=before,
            before_tag=before_tag,
            before_call_id=before_call_id,
            rest=rest,
            sent_by=str(sent_by).encode(),
            from_start=f"From: <{draft.from_uri}>;tag=".encode(),
            to_start=f"\r\nTo: <{draft.to_uri}>".encode(),
            cseq_line=f"CSeq: {cseq} {draft.method}".encode(),
        )

    def render(self, branch: bytes, dialog: bytes, further_lines: bytes = b"") -> bytes:
        """Put in the tokens, and whole header lines before the last."""
        return b"".join(
            (
                self.before_branch,
                branch,
                self.before_tag,
                dialog,
                self.before_call_id,
                dialog,
                self.rest,
                further_lines,
                _LAST_LINE,
            )
        )


@dataclass(slots=True, eq=False)
class PreparedRequest:
    """One request to one edge over UDP; ask it as often as wanted. `local` is our own address there.

    The draft's Call-ID and From tag are replaced by new ones each time. Raises ValueError for a draft that the
    grammar does not let out.
    """

    edge: Edge
    draft: RequestTemplate
    local: HostPort
    credentials: Credentials | None = None
    address: SocketAddress = field(init=False)
    source: HostPort = field(init=False)
    first: PreparedMessage = field(init=False)
    room_bytes: int = field(init=False)
    _later: dict[int, PreparedMessage] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.address = (self.edge.address, self.edge.port)
        self.source = HostPort(self.edge.address, self.edge.port)
        self.first = PreparedMessage.of(self.draft, self.local, 1)
        # What credentials may add to it before it is too large for a datagram; below zero it is that already.
        self.room_bytes = MAX_DATAGRAM_BYTES - len(self.first.render(bytes(TOKEN_BYTES), bytes(TOKEN_BYTES)))

    def template(self, cseq: int) -> PreparedMessage:
        """The request of a later CSeq, as sent again with credentials."""
        if cseq == 1:
            return self.first
        if cseq not in self._later:
            self._later[cseq] = PreparedMessage.of(self.draft, self.local, cseq)
        return self._later[cseq]
