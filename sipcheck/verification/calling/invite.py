"""The INVITE of a test call: a number at the trunk's domain, who calls, and an offer of sound."""

import math
import secrets

from sipcheck.media.offer import CONTENT_TYPE, Offer
from sipcheck.message.parameters import Parameters
from sipcheck.message.uri import SipUri
from sipcheck.target import Target, TransportName
from sipcheck.transaction.invite.call import WriteInvite
from sipcheck.transaction.invite.leg import Way
from sipcheck.transaction.invite.peer_requests import ALLOWED
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.verification.calling.options import CallIdentity, CallOptions
from sipcheck.verification.identity import USER_AGENT, Identity

_PHONE = Parameters((("user", "phone"),))
# The carrier's own timer is to end behind ours, so that it is ours that ends the call.
_LATER_SECONDS = 5


def call_invite(
    identity: Identity, options: CallOptions, called: str, form: CallIdentity, offer: Offer
) -> WriteInvite:
    """Give what writes the INVITE for each way that it may leave by; `called` is the number as it is written."""
    call_id, from_tag = secrets.token_hex(16), secrets.token_hex(6)
    target = identity.target
    caller = calling_user(identity, options, form)
    headers = [
        ("Allow", ALLOWED),
        ("Expires", str(math.ceil(options.ring_seconds) + _LATER_SECONDS)),
        ("Content-Type", CONTENT_TYPE),
    ]
    if form is CallIdentity.USERNAME and options.caller is not None:
        headers.append(("P-Preferred-Identity", f"<{_at(target, options.caller)}>"))

    def write(way: Way) -> RequestTemplate:
        return RequestTemplate(
            method="INVITE",
            request_uri=_at(target, called, port=target.port, params=_PHONE),
            from_uri=_at(target, caller),
            to_uri=_at(target, called, params=_PHONE),
            call_id=call_id,
            from_tag=from_tag,
            user_agent=USER_AGENT,
            route=identity.route(),
            headers=(("Contact", f"<{_contact(caller, way)}>"), *headers),
            body=offer.body(),
        )

    return write


def calling_user(identity: Identity, options: CallOptions, form: CallIdentity) -> str:
    """Who stands in From."""
    username = identity.username or identity.from_user
    return (options.caller or username) if form is CallIdentity.NUMBER else username


def _at(target: Target, user: str, *, port: int | None = None, params: Parameters | None = None) -> str:
    params = Parameters(()) if params is None else params
    return str(SipUri(secure=target.secure, user=user, host=target.domain, port=port, params=params))


def _contact(user: str, way: Way) -> SipUri:
    """Our address on this way; by UDP it needs no word of the transport."""
    local = way.channel.local
    by_udp = way.transport is TransportName.UDP
    params = Parameters(() if by_udp else (("transport", way.transport.value),))
    return SipUri(user=user, host=local.host, port=local.port, params=params)
