"""INVITE as a proof: a call to a number that belongs to nobody, which is ended before it could ring."""

import math
import secrets
from dataclasses import replace

from sipcheck.media.offer import CONTENT_TYPE, Offer
from sipcheck.media.session_description import MediaDirection
from sipcheck.message.parameters import Parameters
from sipcheck.message.uri import SipUri
from sipcheck.target import HostPort, TransportName
from sipcheck.transaction.invite.call import WriteInvite
from sipcheck.transaction.invite.led_call import LedCall
from sipcheck.transaction.invite.leg import Way
from sipcheck.transaction.invite.peer_requests import ALLOWED
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.transaction.run_context import RunContext
from sipcheck.verification.identity import USER_AGENT, Identity, InviteForm

# Audio that nobody is to send (RFC 3264 §5.1, `inactive`): the call is ended as soon as it is taken. No socket is open
# for it, so that what is sent all the same goes to the port of discard (RFC 863).
_DISCARD = 9


def invite_writer(identity: Identity, run: RunContext, form: InviteForm = InviteForm.PLAIN) -> WriteInvite:
    """Give what writes the INVITE of one call for each way that it may leave by."""
    call_id, from_tag = secrets.token_hex(16), secrets.token_hex(6)
    session = secrets.randbits(31)
    expires_seconds = math.ceil(run.plan.timeout_seconds) + 5

    def write(way: Way) -> RequestTemplate:
        media = HostPort(way.channel.local.host, _DISCARD)
        offer = Offer(media=media, session_id=session, direction=MediaDirection.INACTIVE)
        return RequestTemplate(
            method="INVITE",
            request_uri=called_uri(identity, form, with_port=True),
            from_uri=calling_uri(identity, form, way),
            to_uri=called_uri(identity, form, with_port=form is InviteForm.LIVEKIT),
            call_id=call_id,
            from_tag=from_tag,
            user_agent=USER_AGENT,
            route=call_route(identity, form),
            headers=(
                ("Contact", f"<{contact_uri(identity, way)}>"),
                ("Allow", ALLOWED),
                ("Expires", str(expires_seconds)),
                ("Content-Type", CONTENT_TYPE),
                *preferred_identity(identity, identity.stated),
            ),
            body=offer.body(),
        )

    return write


def called_line(identity: Identity, form: InviteForm) -> str:
    """The request line in so many words, without the version, and the Route by which a call is led."""
    line = f"INVITE {called_uri(identity, form, with_port=True)}"
    led = _led(identity, form)
    return line if led is None or led.route is None else f"{line}, Route: {led.route}"


def called_uri(identity: Identity, form: InviteForm, *, with_port: bool) -> str:
    """The number at the domain: as a telephone number (RFC 3261 §19.1.1, `user=phone`), or with a chosen transport."""
    target = identity.target
    at, params = HostPort(target.domain, target.port), Parameters((("user", "phone"),))
    if form is InviteForm.LIVEKIT:
        params = _chosen_transport(identity)
    led = _led(identity, form)
    if led is not None and led.address is not None:
        at = led.address
    port = at.port if with_port else None
    uri = SipUri(secure=target.secure, user=identity.number, host=at.host, port=port, params=params)
    return str(uri)


def calling_uri(identity: Identity, form: InviteForm, way: Way) -> str:
    """Who calls: at the domain, or as the infrastructure has it, at the address that the call leaves from."""
    if form is InviteForm.PLAIN:
        return identity.caller_uri()
    led_from = None if identity.led is None else identity.led.from_domain
    host = led_from or identity.from_domain or way.channel.local.host
    return str(SipUri(user=identity.calling_user, host=host, params=_chosen_transport(identity)))


def call_route(identity: Identity, form: InviteForm) -> str | None:
    """The Route of a call: as the infrastructure writes its own, or of the outbound proxy."""
    led = _led(identity, form)
    return identity.route() if led is None or led.route is None else led.route


def preferred_identity(identity: Identity, number: str | None) -> tuple[tuple[str, str], ...]:
    """The number beside a user who calls (RFC 3325 §9.2); nothing where none is to be stated."""
    if number is None:
        return ()
    return (("P-Preferred-Identity", f"<{replace(identity, caller=number).caller_uri()}>"),)


def _led(identity: Identity, form: InviteForm) -> LedCall | None:
    """The way that a call is written by: a plain one by none."""
    return None if form is InviteForm.PLAIN else identity.led


def _chosen_transport(identity: Identity) -> Parameters:
    transport = identity.target.transport if identity.led is None else identity.led.transport
    return Parameters(() if transport is None else (("transport", transport.value),))


def contact_uri(identity: Identity, way: Way) -> SipUri:
    """Our address on this way; by UDP it needs no word of the transport."""
    local = way.channel.local
    by_udp = way.transport is TransportName.UDP
    params = Parameters(() if by_udp else (("transport", way.transport.value),))
    return SipUri(user=identity.calling_user, host=local.host, port=local.port, params=params)
