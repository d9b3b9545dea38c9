"""The INVITE of a test call: a number at the trunk's domain, who calls, and an offer of sound."""

import math
import secrets
from dataclasses import replace

from sipcheck.media.offer import CONTENT_TYPE, Offer
from sipcheck.transaction.invite.call import WriteInvite
from sipcheck.transaction.invite.leg import Way
from sipcheck.transaction.invite.peer_requests import ALLOWED
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.verification.calling.options import CallIdentity, CallOptions
from sipcheck.verification.identity import USER_AGENT, Identity, InviteForm
from sipcheck.verification.invite import (
    call_route,
    called_uri,
    calling_uri,
    contact_uri,
    preferred_identity,
)

# The carrier's own timer is to end behind ours, so that it is ours that ends the call.
_LATER_SECONDS = 5


def call_invite(
    identity: Identity,
    options: CallOptions,
    called: str,
    form: CallIdentity,
    offer: Offer,
    *,
    call_form: InviteForm = InviteForm.PLAIN,
) -> WriteInvite:
    """Give what writes the INVITE for each way that it may leave by; `called` is the number as it is written."""
    call_id, from_tag = secrets.token_hex(16), secrets.token_hex(6)
    caller = calling_user(identity, options, form)
    of_call = replace(identity, number=called, caller=caller)
    headers = [
        ("Allow", ALLOWED),
        ("Expires", str(math.ceil(options.ring_seconds) + _LATER_SECONDS)),
        ("Content-Type", CONTENT_TYPE),
    ]
    if form is CallIdentity.USERNAME:
        headers += preferred_identity(identity, options.caller)

    def write(way: Way) -> RequestTemplate:
        return RequestTemplate(
            method="INVITE",
            request_uri=called_uri(of_call, call_form, with_port=True),
            from_uri=calling_uri(of_call, call_form, way),
            to_uri=called_uri(of_call, call_form, with_port=call_form is InviteForm.LIVEKIT),
            call_id=call_id,
            from_tag=from_tag,
            user_agent=USER_AGENT,
            route=call_route(identity, call_form),
            headers=(("Contact", f"<{contact_uri(of_call, way)}>"), *headers),
            body=offer.body(),
        )

    return write


def calling_user(identity: Identity, options: CallOptions, form: CallIdentity) -> str:
    """Who stands in From."""
    username = identity.username or identity.from_user
    return (options.caller or username) if form is CallIdentity.NUMBER else username
