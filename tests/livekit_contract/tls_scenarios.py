"""Calls over TLS: which certificates are taken."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from livekit.protocol.sip import SIPTransport

from sipcheck.carrier.authority import DAY, Authority, CertificateContents
from tests.livekit_contract.call_desk import CallDesk
from tests.livekit_contract.call_site import CallSite
from tests.livekit_contract.sip_peer import refusing
from tests.peers.certificates import Certificate

TLS = SIPTransport.SIP_TRANSPORT_TLS
_DOMAIN = "carrier.example"


def issue_all(folder: Path, host: str) -> None:
    """Write the suite's certificates into a folder, and what to trust into ca.pem, unless they are there."""
    if (folder / "ca.pem").exists():
        return
    authority = Authority("Suite CA")
    (folder / "ca.pem").write_bytes(authority.pem)
    good = CertificateContents(common_name=_DOMAIN, names=(_DOMAIN,))
    kinds = {
        "domain": good,
        "wildcard": replace(good, names=(f"*.{_DOMAIN}",)),
        "address": replace(good, names=(host,)),
        "common-name-alone": replace(good, names=()),
        "address-as-common-name": CertificateContents(common_name=host, names=()),
        "uri-alone": replace(good, names=(f"sip:{_DOMAIN}",)),
        "uri-beside-another-name": replace(good, names=(f"sip:{_DOMAIN}", "elsewhere.example")),
        "elsewhere": replace(good, common_name="elsewhere.example", names=("elsewhere.example",)),
        "expired": replace(good, starts_after=-90 * DAY, ends_after=-DAY),
        "for-clients": replace(good, for_client=True),
        "unknown-root": good,
    }
    for name, contents in kinds.items():
        issuer = Authority("Unknown CA") if name == "unknown-root" else authority
        issued = issuer.issue(contents)
        (folder / f"{name}.pem").write_bytes(issued.certificate)
        (folder / f"{name}.key").write_bytes(issued.key)


def certificate(folder: Path, name: str) -> Certificate:
    return Certificate(folder / f"{name}.pem", folder / f"{name}.key")


async def certificates_for_a_name(desk: CallDesk, site: CallSite) -> None:
    with site.name_server(f"{_DOMAIN}. A {site.host}\nedge.{_DOMAIN}. A {site.host}") as desk.dns:
        for name in [
            "domain",
            "wildcard",
            "common-name-alone",
            "uri-alone",
            "uri-beside-another-name",
            "elsewhere",
            "expired",
            "for-clients",
            "unknown-root",
            "address",
        ]:
            await _call(desk, site, name, _DOMAIN + ":{port}")
        await _call(desk, site, "wildcard", f"edge.{_DOMAIN}:{{port}}")


async def certificates_for_an_address(desk: CallDesk, site: CallSite) -> None:
    for name in ["address", "domain", "address-as-common-name"]:
        await _call(desk, site, name, "{a}")


async def certificates_for_a_route(desk: CallDesk, site: CallSite) -> None:
    with site.name_server(f"{_DOMAIN}. A {site.host}") as desk.dns:
        for name in ["address", "domain"]:
            await _call(desk, site, name, f"{_DOMAIN}:{{port}}", route="<sip:{a};transport=tls;lr>")
        route = f"<sip:{_DOMAIN}:{{port}};transport=tls;lr>"
        await _call(desk, site, "domain", "elsewhere.example", route=route)


async def _call(desk: CallDesk, site: CallSite, name: str, address: str, *, route: str | None = None) -> None:
    headers = {} if route is None else {"Route": route}
    title = f"{name} for {route or address}"
    with site.peer("a", refusing(), certificate=certificate(site.certificates, name)) as a:
        await desk.call(a, address=address, transport=TLS, headers=headers, title=title)


SCENARIOS: dict[str, Callable[[CallDesk, CallSite], Awaitable[None]]] = {
    scenario.__name__: scenario
    for scenario in [certificates_for_a_name, certificates_for_an_address, certificates_for_a_route]
}
