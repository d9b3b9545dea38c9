"""A dialog of ours, as a 2xx to our INVITE makes it, and the requests within it (RFC 3261 §12.1.2, §12.2.1.1)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sipcheck.errors import Unreadable
from sipcheck.message.builder import may_be_echoed, may_be_target
from sipcheck.message.message import Request, Response
from sipcheck.message.name_addr import NameAddr
from sipcheck.message.uri import SipUri
from sipcheck.transaction.request_template import RequestTemplate

MOST_ROUTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """Both sides of a dialog; `remote_target` and `routes` are the peer's own words.

    `readable` is false where these are none that a request could be sent by: then only the edge that answered is left.
    """

    invite: RequestTemplate
    remote_tag: str | None
    remote_target: str
    routes: tuple[str, ...]
    readable: bool = True

    @classmethod
    def of(cls, invite: RequestTemplate, response: Response) -> "Dialog":
        """Take in a 2xx: its Contact is the remote target, its Record-Route in reverse the Route set."""
        recorded = response.headers.split("Record-Route")
        routes = tuple(reversed(recorded))
        target = _uri_of(next(iter(response.headers.split("Contact")), None))
        readable = target is not None and len(routes) <= MOST_ROUTES and all(map(_may_be_route, routes))
        return cls(
            invite=invite,
            remote_tag=response.to_tag,
            remote_target=target if readable and target else invite.request_uri,
            routes=routes if readable else (),
            readable=readable,
        )

    @property
    def next_hop(self) -> SipUri | None:
        """Whom the next request goes to: the first of the Route set, or the remote target; None for none."""
        if not self.readable:
            return None
        first = _uri_of(self.routes[0]) if self.routes else self.remote_target
        try:
            return SipUri.parse(first or "")
        except Unreadable:
            return None

    def request(self, method: str, *, headers: Sequence[tuple[str, str]] = ()) -> RequestTemplate:
        """Write a request of the dialog.

        A first Route without `lr` is a strict router's, and stands in the Request-URI itself (§12.2.1.1).
        """
        target, routes = self.remote_target, self.routes
        if routes and not _is_loose(routes[0]):
            target, routes = _uri_of(routes[0]) or target, (*routes[1:], f"<{target}>")
        return replace(
            self.invite,
            method=method,
            request_uri=target,
            route=None,
            routes=routes,
            to_tag=echoed_tag(self.remote_tag),
            headers=tuple(headers),
            body=b"",
        )

    def has(self, request: Request) -> bool:
        """Whether a request of the peer's belongs to it: To is our side then, and From the peer's (§12.2.2)."""
        ours = (request.to_tag or "").lower() == self.invite.from_tag.lower()
        theirs = (request.from_tag or "").lower() == (self.remote_tag or "").lower()
        return ours and theirs and request.call_id == self.invite.call_id


def echoed_tag(tag: str | None) -> str | None:
    """What the peer calls its side of a dialog, as it goes back to it: as it came, or not at all."""
    return tag if tag is not None and may_be_echoed(tag) else None


def _may_be_route(value: str) -> bool:
    return may_be_echoed(value) and _uri_of(value) is not None


def _uri_of(value: str | None) -> str | None:
    """The URI of a Contact or Route value, where a request could be sent by it."""
    if value is None:
        return None
    try:
        uri = NameAddr.parse(value).uri
        SipUri.parse(uri)
    except Unreadable:
        return None
    # The headers of a URI are not for a Request-URI (§19.1.1, table 1).
    uri = uri.partition("?")[0]
    return uri if may_be_target(uri) else None


def _is_loose(route: str) -> bool:
    return "lr" in SipUri.parse(_uri_of(route) or "").params
