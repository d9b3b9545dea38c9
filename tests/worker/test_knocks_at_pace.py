"""Many trunks with right passwords are as quick as their carrier's pace, though none of them is proven there yet."""

import time
from collections.abc import Callable

import pytest

from sipcheck.target import TransportName
from tests.observed import insist
from tests.peers.guarded_carrier import FAIL2BAN, FREEPBX, GuardedCarrier
from tests.peers.udp_peer import Script, UdpPeer
from tests.worker.service import Service
from trunks.catalog.new_trunk import NewGateway, NewTrunk
from trunks.clock import utc_now
from trunks.installation.settings import Settings
from trunks.rules.knock_limits import SHIPPED_RULES

RIGHT = "the right one"
# Of a run: OPTIONS, REGISTER, REGISTER with its digest.
REQUESTS = 3
RATE, BURST = 12.0, 12
WITHIN_SECONDS = 600.0


@pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)
@pytest.mark.long
@pytest.mark.parametrize("count", [60, 1000])
def test_imported_trunks_with_right_passwords_are_not_slower_than_the_pace(
    start_service: Callable[[Settings], Service],
    form_settings: Settings,
    udp_peer_factory: Callable[[Script], UdpPeer],
    capsys: pytest.CaptureFixture[str],
    count: int,
) -> None:
    users = [f"user{number}" for number in range(count)]
    carrier = GuardedCarrier(utc_now, dict.fromkeys(users, RIGHT), jails=(*FAIL2BAN, *FREEPBX))
    peer = udp_peer_factory(carrier)
    service = start_service(
        form_settings.model_copy(
            update={"knocks": SHIPPED_RULES, "address_rate": RATE, "address_burst": BURST}
        )
    )
    news = [
        NewTrunk(
            name=user,
            provider_name="x",
            gateways=(NewGateway(host="127.0.0.1", port=peer.port, transport=TransportName.UDP),),
            username=user,
            password=RIGHT,
        )
        for user in users
    ]
    began = time.monotonic()
    imports = service.installation.catalog.imports
    for first in range(0, count, 100):
        insist(imports.enter, service.store.caller, news[first : first + 100], verify=True)
    deadline = time.monotonic() + WITHIN_SECONDS
    while len(carrier.passwords) < count:
        assert time.monotonic() < deadline
        service.wait_a_moment()
    took = time.monotonic() - began
    at_pace = (REQUESTS * count - BURST) / RATE
    with capsys.disabled():
        print(f"{count} in {took:.1f} s, at the pace {at_pace:.1f} s")
    assert carrier.refused == []
    assert carrier.matches == []
    assert took < 1.5 * at_pace + 3.0
