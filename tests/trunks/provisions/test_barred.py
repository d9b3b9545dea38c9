"""Sides of trunks whose host no call may go to: parked from the start, whichever host and however calls leave."""

from dataclasses import replace
from typing import Any

import pytest

from sipcheck.guard import Guard
from sipcheck.target import HostPort
from tests.trunks.provisions.installed import Installed
from trunks.provisions.drawing import draw
from trunks.repositories.provisions import Provisions
from trunks.voice.blueprint import PARKED_ROUTE, Blueprint, Leading

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

# The domain, the outbound proxy, and what is said of it; None where the side is open or waits for the proxy's proof.
HOSTS: dict[str, tuple[str, HostPort | None, str | None]] = {
    "a literal": ("10.0.0.5", None, "10.0.0.5 is private"),
    "one label": ("redis", None, "redis is a name of one label"),
    "a private name": ("livekit.default.svc", None, ".svc, Kubernetes"),
    "a private proxy": ("sip.carrier.example", HostPort("proxy.internal"), ".internal, ICANN"),
    "a private domain behind a proxy": ("asterisk", HostPort("proxy.carrier.example"), None),
    "a public name": ("sip.carrier.example", None, None),
}


def blueprint_of(installed: Installed, **given: Any) -> Blueprint:
    trunk = installed.make_trunk(**given)
    with installed.store.installation.database.read() as session:
        provisions = Provisions(session)
        provision = provisions.of(trunk.id)
        assert provision is not None
        (parts,) = provisions.parts([provision])
        drawn = draw(parts, Leading(guard=Guard()))
    assert drawn is not None
    return drawn


def test_a_host_that_no_call_may_go_to_is_never_opened(installed: Installed) -> None:
    secrets = installed.store.installation.secrets
    for number, (name, (domain, proxy, told)) in enumerate(HOSTS.items()):
        drawn = blueprint_of(
            installed, number=f"+1415555{number:04}", name=name, domain=domain, outbound_proxy=proxy
        )
        assert (told in (drawn.no_way or "")) if told else "no call may go" not in (drawn.no_way or ""), name
        outbound = drawn.desired(secrets).outbound
        assert outbound is not None
        assert (outbound.route == PARKED_ROUTE) is (told is not None or proxy is not None), name
        if proxy is None:
            profile = replace(drawn.profile, fixed_egress=True)
            by_egress = (
                replace(drawn, profile=profile, egress=HostPort("192.0.2.7")).desired(secrets).outbound
            )
            assert by_egress is not None
            assert (by_egress.address, by_egress.route == PARKED_ROUTE) == ("192.0.2.7", told is not None)
