"""By which way calls can reach what was proven: the first form that holds (docs/design/infrastructure.md)."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from sipcheck.host import is_address
from sipcheck.target import TransportName
from trunks.rules.forbidden_host import advise_public_host
from trunks.rules.way_evidence import Dialled, OutboundWay, WayEdge, WayEvidence, WayForm, WayProof
from trunks.rules.way_hosts import by_preference, certified, hosts_of, living

_Form = Callable[[WayEvidence], OutboundWay | None]

EVERY_ADDRESS_ANSWERS = "Every address that a call to the trunk's address may go to was proven to answer."


def choose_way(known: WayEvidence) -> OutboundWay:
    """Choose from what is known; what is not proven to fail is left as the address is given.

    Edges over IPv6 are passed over: whether the infrastructure reaches any is not known here.
    """
    if known.is_forbidden:
        return forbidden_way(known.domain if known.proxy is None else known.proxy.host)
    if known.fixed_egress:
        return OutboundWay(
            form=WayForm.AS_GIVEN,
            callable=None,
            reason="Calls leave through the platform's fixed address; what comes behind it is not checked.",
        )
    if known.proxy is not None and not known.obeys_route:
        return parked_way("Calls of this platform cannot be led to an outbound proxy; ask whoever runs it.")
    if known.proxy is not None:
        return _with_challenge(known, _through_proxy(known))
    forms: tuple[_Form, ...] = (_as_given, _by_route, _by_target)
    if known.pin_edges and not is_address(known.domain):
        forms = (_by_route, _by_target)
    found = next((way for form in forms if (way := form(known)) is not None), None)
    return _with_challenge(known, found or _unproven(known))


def is_certain_as_given(known: WayEvidence) -> bool:
    """Whether calls to the address as it is given arrive at what was proven."""
    return _as_given(known) is not None


def parked_way(reason: str) -> OutboundWay:
    """Give a way that ends each call at once."""
    return OutboundWay(form=WayForm.PARKED, callable=False, reason=reason)


def forbidden_way(host: str) -> OutboundWay:
    """Give the way of a trunk whose host leads where no call may go."""
    return parked_way(f"{host} leads to an address or a port that no call may go to; mend its DNS records.")


def forbidden_host_way(fault: str) -> OutboundWay:
    """Give the way of a trunk whose host, as it is written, is one that no call may go to."""
    return parked_way(advise_public_host(fault))


def astray_way(domain: str, dialled: Dialled) -> OutboundWay:
    """Give the way of a trunk of which nothing is proven, and whose name leads calls astray."""
    return parked_way(_why_none(WayEvidence(domain=domain, dialled=dialled)))


def unanswered_way(domain: str) -> OutboundWay:
    """Give the way of a trunk whose name nobody could look up yet."""
    return parked_way(
        f"DNS did not say where {domain} leads when the trunk was set up, so no call goes there yet; verify the trunk."
    )


def unverified_way(outbound_proxy: str | None, *, pin_edges: bool = False) -> OutboundWay:
    """Give the way of a trunk that was not verified as it is configured now: as given, or ended at once where its proxy
    would have to be found first, or with `pin_edges` any of its addresses.
    """
    if pin_edges and outbound_proxy is None:
        return parked_way("No address of the trunk has been proven to answer yet; verify the trunk.")
    if outbound_proxy is not None:
        return parked_way(
            f"No address of the outbound proxy {outbound_proxy} has been proven to answer yet; verify the trunk."
        )
    return OutboundWay(
        form=WayForm.AS_GIVEN,
        callable=None,
        reason="No verification found the trunk to answer as it is configured now; mend what the last one says, or "
        "verify it.",
    )


def _as_given(known: WayEvidence) -> OutboundWay | None:
    """Holds where every address that may be dialled is a living edge of one transport."""
    if known.dialled is None or not known.dialled.ipv4 or known.dialled.forbidden:
        return None
    for transport in _transports(known):
        port = known.port or transport.default_port
        found = {
            each.address: each for each in living(known) if (each.transport, each.port) == (transport, port)
        }
        edges = [found.get(address) for address in known.dialled.ipv4]
        if not all(edge is not None and certified(known, edge, known.domain) for edge in edges):
            continue
        # Of a carrier that rotates its addresses the one in use stays, though this answer names others.
        in_use = next((each for each in found.values() if each.name == known.current), edges[0])
        return OutboundWay(
            form=WayForm.AS_GIVEN,
            edge=in_use,
            proof=WayProof.OPTIONS,
            callable=True,
            reason=EVERY_ADDRESS_ANSWERS,
        )
    return None


def _by_route(known: WayEvidence) -> OutboundWay | None:
    if not known.obeys_route:
        return None
    return _proven(known, WayForm.ROUTE, "Calls go to {edge}, which was verified.")


def _by_target(known: WayEvidence) -> OutboundWay | None:
    told = "Calls go to {host}, by which name the server that was verified takes them too."
    return _proven(known, WayForm.TARGET, told)


def _proven(known: WayEvidence, form: WayForm, told: str) -> OutboundWay | None:
    """Take the first edge at which the form was proven, by a host that may be named for it now."""
    for edge in by_preference(known):
        for host in hosts_of(known, edge):
            proof = _proof(known, form, edge, host)
            if proof is not None and not (form is WayForm.TARGET and host == known.domain):
                reason = told.format(edge=edge.name, host=host)
                return OutboundWay(form=form, edge=edge, host=host, proof=proof, callable=True, reason=reason)
    return None


def _through_proxy(known: WayEvidence) -> OutboundWay:
    """Lead calls to the proxy, as the customer asked: that needs no proof that a Route is taken there."""
    for edge in by_preference(known):
        for host in hosts_of(known, edge):
            return OutboundWay(
                form=WayForm.ROUTE,
                edge=edge,
                host=host,
                proof=WayProof.OPTIONS,
                callable=True,
                reason=f"Calls are led to the outbound proxy at {edge.name}.",
            )
    return replace(parked_way(_why_none(known)), callable=False if living(known) else None)


def _unproven(known: WayEvidence) -> OutboundWay:
    """Decide where no form is proven: parked where calls certainly arrive nowhere, or where proofs alone count."""
    if known.pin_edges:
        return parked_way(_why_none(known))
    dialled = known.dialled
    if dialled is not None and dialled.astray is not None:
        return parked_way(_why_none(known))
    if dialled is not None and not dialled.ipv4:
        return OutboundWay(
            form=WayForm.AS_GIVEN,
            callable=None,
            reason=f"{known.domain} has an IPv6 address alone, which calls reach only where the platform's calls go "
            "over IPv6 too; if they do not arrive, ask the carrier for one of IPv4.",
        )
    if dialled is None:
        return OutboundWay(
            form=WayForm.AS_GIVEN,
            callable=None,
            reason="Where calls to the trunk's address go has not been compared with what was verified.",
        )
    return _given_unproven(known, dialled.ipv4)


def silent_addresses(known: WayEvidence) -> list[str]:
    """Give the addresses that calls to the trunk's address may go to, and that did not answer."""
    dialled = () if known.dialled is None else known.dialled.ipv4
    _, _, found = _dialled_edges(known)
    return [address for address in dialled if found.get(address) is False]


def _dialled_edges(known: WayEvidence) -> tuple[int, TransportName, dict[str, bool | None]]:
    transport = next(_transports(known), known.transport or TransportName.UDP)
    port = known.port or transport.default_port
    found = {
        each.address: each.lives for each in known.edges if (each.port, each.transport) == (port, transport)
    }
    return port, transport, found


def _given_unproven(known: WayEvidence, addresses: tuple[str, ...]) -> OutboundWay:
    port, transport, found = _dialled_edges(known)
    dead = silent_addresses(known)
    others = [address for address in addresses if found.get(address) is None]
    shown = ", ".join(dead or others)
    at = f"port {port} over {transport}"
    if dead and len(dead) == len(addresses):
        return OutboundWay(
            form=WayForm.AS_GIVEN,
            callable=False,
            reason=f"Calls go to {shown}, {at}, which did not answer; {_remedy(known)}.",
        )
    fault = "did not answer" if dead else "was not verified"
    if not dead and not others:
        shown, fault = (
            ", ".join(addresses),
            f"shows a certificate without {known.domain} as subject alternative name",
        )
    return OutboundWay(
        form=WayForm.AS_GIVEN,
        callable=None,
        reason=f"Calls may go to {shown}, {at}, which {fault}; {_remedy(known)}.",
    )


def _why_none(known: WayEvidence) -> str:
    named = f"the outbound proxy {known.proxy}" if known.proxy is not None else "the trunk"
    found = living(known)
    if not found and any(each.lives and not each.is_ipv4 for each in known.edges):
        return f"What answers for {named} has an IPv6 address alone, and calls go over IPv4; ask the carrier for one."
    if known.proxy is not None and found:
        return (
            f"The certificate of {named} names neither its address nor a host of which every address was proven; "
            "give the name that it is made for."
        )
    if known.dialled is not None and known.dialled.forbidden:
        mend = _remedy(known) if found else "mend its DNS records"
        return f"{known.domain} has an address of its own that no call may go to; {mend}."
    if known.dialled is not None and known.dialled.is_srv_alone:
        unfollowed = f"{known.domain} has SRV records and no address of its own, which calls cannot follow"
        if not found:
            return f"{unfollowed}; verify the trunk, and calls are led to the server that answers."
        if not _can_be_named(known, found):
            return f"{unfollowed}; {_remedy(known)}."
        refused = _refused(known)
        if refused is not None:
            return f"{unfollowed}, and {refused}; ask the carrier for an address of {known.domain} itself."
        return f"{unfollowed}; name the carrier's server itself, such as the target of its SRV record."
    if not found:
        return f"No address of {named} has been proven to answer yet; verify the trunk."
    return f"No way to {min(each.name for each in found)} was proven in the form that calls have; {_remedy(known)}."


def _refused(known: WayEvidence) -> str | None:
    """What a carrier said to each form; None unless it was asked in that of another name, which is the last."""
    said = {each.form: each for each in known.refusals}
    target = said.get(WayForm.TARGET)
    if target is None:
        return None
    route = said.get(WayForm.ROUTE)
    to_route = "" if route is None else f" ({route.said} to a Route)"
    return f"its server answers otherwise when another name than {known.domain} is called ({target.said}){to_route}"


def _remedy(known: WayEvidence) -> str:
    found = living(known)
    if not found:
        return "verify the trunk"
    first = min(_can_be_named(known, found) or found, key=lambda each: (each.priority or 0, each.name))
    host = _own_name(known, first)
    if not _fits(first, host):
        return (
            f"ask the carrier for a certificate of {first.name} that names {host}, or for an address of "
            f"{known.domain} itself that leads there"
        )
    return f"name {host}, port {first.port}, transport {first.transport} in the trunk, which was verified"


def _can_be_named(known: WayEvidence, found: list[WayEdge]) -> list[WayEdge]:
    """Those that a verification would take by their own name too."""
    return [each for each in found if _fits(each, _own_name(known, each))]


def _own_name(known: WayEvidence, edge: WayEdge) -> str:
    return edge.host if edge.host != known.domain else edge.address


def _fits(edge: WayEdge, host: str) -> bool:
    return edge.transport is not TransportName.TLS or not edge.certificate_names or edge.certifies(host)


def _with_challenge(known: WayEvidence, way: OutboundWay) -> OutboundWay:
    if way.form is WayForm.PARKED:
        return way
    edges = living(known) if way.edge is None else [way.edge]
    there = [each.unanswerable for each in edges if each.unanswerable is not None and known.has_credentials]
    said = known.unanswerable or next(iter(there), None)
    return way if said is None else replace(way, callable=False, reason=said)


def _proof(known: WayEvidence, form: WayForm, edge: WayEdge, host: str) -> WayProof | None:
    found = [each.by for each in known.proofs if (each.form, each.edge, each.host) == (form, edge.name, host)]
    return min(found, default=None)


def _transports(known: WayEvidence) -> Iterator[TransportName]:
    """The transports of living edges, in the order in which DNS prefers them."""
    yield from dict.fromkeys(each.transport for each in living(known))
