"""INVITE as a proof: a call to a number that belongs to nobody, which is ended before it could ring."""

import math
import secrets
from ipaddress import ip_address

from sipcheck.message.parameters import Parameters
from sipcheck.message.uri import SipUri
from sipcheck.target import TransportName
from sipcheck.transaction.invite.call import WriteInvite
from sipcheck.transaction.invite.leg import Way
from sipcheck.transaction.invite.peer_requests import ALLOWED
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.transaction.run_context import RunContext
from sipcheck.verification.identity import USER_AGENT, Identity


def invite_writer(identity: Identity, run: RunContext) -> WriteInvite:
    """Give what writes the INVITE of one call for each way that it may leave by."""
    call_id, from_tag = secrets.token_hex(16), secrets.token_hex(6)
    session = secrets.randbits(31)
    expires_seconds = math.ceil(run.plan.timeout_seconds) + 5

    def write(way: Way) -> RequestTemplate:
        body = _offer(way.channel.local.host, session)
        return RequestTemplate(
            method="INVITE",
            request_uri=identity.called_uri(with_port=True),
            from_uri=identity.caller_uri(),
            to_uri=identity.called_uri(with_port=False),
            call_id=call_id,
            from_tag=from_tag,
            user_agent=USER_AGENT,
            route=identity.route(),
            headers=(
                ("Contact", f"<{_contact(identity, way)}>"),
                ("Allow", ALLOWED),
                ("Expires", str(expires_seconds)),
                ("Content-Type", "application/sdp"),
            ),
            body=body,
        )

    return write


def _contact(identity: Identity, way: Way) -> SipUri:
    """Our address on this way; by UDP it needs no word of the transport."""
    local = way.channel.local
    by_udp = way.transport is TransportName.UDP
    params = Parameters(() if by_udp else (("transport", way.transport.value),))
    return SipUri(user=identity.calling_user, host=local.host, port=local.port, params=params)


def _offer(host: str, session: int) -> bytes:
    """Offer audio that nobody is to send: the call is ended as soon as it is taken (RFC 3264 §5.1, `inactive`)."""
    family = f"IP{ip_address(host).version}"
    lines = (
        "v=0",
        f"o=- {session} {session} IN {family} {host}",
        "s=-",
        f"c=IN {family} {host}",
        "t=0 0",
        "m=audio 9 RTP/AVP 0 8",
        "a=inactive",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()
