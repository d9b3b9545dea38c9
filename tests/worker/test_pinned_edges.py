"""With TRUNKS_PIN_EDGES calls go to proven addresses alone: the infrastructure's resolver hears no customer's name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sipcheck.target import TransportName
from tests.peers.dns_server import DnsServer
from tests.worker.situations import Installed, Situation, no_route, open_installed
from trunks.rules.way_evidence import WayForm
from trunks.voice.blueprint import PARKED_ROUTE

pytestmark = pytest.mark.peers

TLS = TransportName.TLS
SITUATIONS = {
    "one-address": Situation(zone="{d}. IN A {one}", with_port=True, address="{d}:{p}"),
    "two-targets": Situation(
        zone="_sip._udp.{d}. IN SRV 10 0 {p} sip1.{d}.\nsip1.{d}. IN A {one}\n{d}. IN A {dead}"
    ),
    "refuses-a-route": Situation(
        zone="{d}. IN A {one}",
        with_port=True,
        conduct=no_route,
        form=WayForm.TARGET,
        route=None,
        address="{one}:{p}",
    ),
    "behind-a-proxy": Situation(zone="{d}. IN A {dead}", proxied=True),
    "tls-by-the-address": Situation(
        zone="{d}. IN A {one}",
        transport=TLS,
        names=("{d}", "{one}"),
        with_port=True,
        route="<sip:{one}:{p};lr;transport=tls>",
        address="{d}:{p}",
    ),
    "tls-by-the-name": Situation(
        zone="{d}. IN A {one}",
        transport=TLS,
        names=("{d}",),
        with_port=True,
        form=WayForm.PARKED,
        callable=False,
        after=False,
        route=PARKED_ROUTE,
        address="{d}:{p}",
        says="No way to",
    ),
}


@pytest.fixture(scope="module")
def asked() -> Iterator[DnsServer]:
    """Give the name server that the infrastructure has; it knows nothing."""
    with DnsServer() as server:
        yield server


@pytest.fixture(scope="module")
def installed(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, asked: DnsServer
) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("pinned")
    with open_installed(
        folder, sqlite_template, SITUATIONS, resolver=asked.address, pin_edges=True
    ) as everything:
        yield everything


@pytest.mark.parametrize("name", SITUATIONS)
def test_no_name_of_a_customer_is_given_to_the_infrastructures_resolver(
    installed: Installed, asked: DnsServer, name: str
) -> None:
    place = installed.places[name]
    expected = place.situation
    number = f"+1415555{2000 + list(SITUATIONS).index(name)}"
    trunk = installed.provide(place, number)
    before = installed.side(number)
    assert before.headers["Route"] == PARKED_ROUTE
    installed.call(before)
    assert installed.shown(trunk).callable is False
    installed.service.verify(trunk)
    route = None if expected.route is None else place.filled(expected.route)
    side = installed.wait_for_side(number, route, place.filled(expected.address))
    assert side.sip_trunk_id == before.sip_trunk_id
    place.invited()
    installed.call(side)
    assert place.invited() == (["one"] if expected.after else [])
    shown = installed.shown(trunk)
    assert shown.way is not None
    assert (shown.way.form, shown.callable) == (expected.form, expected.callable)
    assert expected.says in (shown.reason or "")
    assert {each.name for each in asked.queries if not each.name.endswith("blocked.invalid")} == set()
