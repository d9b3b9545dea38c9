"""A request before it is sent: all but what changes with each transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sipcheck.message.builder import build_request
from sipcheck.target import HostPort

# RFC 3261 §18.1.1: the limit while the path's MTU is not known, and nobody tells us what it is.
MAX_DATAGRAM_BYTES = 1300


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTemplate:
    """What stays the same when a request is sent again with credentials (RFC 3261 §8.1.3.5, §22.2)."""

    method: str
    request_uri: str
    from_uri: str
    to_uri: str
    call_id: str
    from_tag: str
    user_agent: str
    route: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    # Within a dialog: the peer's Route set, in order, and the peer's tag.
    routes: tuple[str, ...] = ()
    to_tag: str | None = None
    body: bytes = b""

    def build(
        self,
        *,
        transport: str,
        sent_by: HostPort,
        branch: str,
        cseq: int,
        credentials: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """Build the message of one transaction; `credentials` are further header fields."""
        return build_request(
            method=self.method,
            uri=self.request_uri,
            transport=transport,
            sent_by=sent_by,
            branch=branch,
            from_uri=self.from_uri,
            from_tag=self.from_tag,
            to_uri=self.to_uri,
            call_id=self.call_id,
            cseq=cseq,
            user_agent=self.user_agent,
            route=self.route,
            routes=self.routes,
            to_tag=self.to_tag,
            headers=(*self.headers, *credentials),
            body=self.body,
        )
