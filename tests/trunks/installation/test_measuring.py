"""A measurement is one process' at a time; what it found is kept, and shown where customers look."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from livekit.protocol.models import Room

from sipcheck.target import HostPort
from tests.peers.livekit.leg import Node
from tests.peers.livekit.server import LiveKitServer
from tests.peers.ports import free_port
from tests.trunks.forms import Store
from tests.trunks.livekit_forms import with_livekit
from trunks.errors import SettingsInvalid
from trunks.installation.measuring import CheckUnderWay, Measuring, doors_of
from trunks.installation.settings import Settings
from trunks.rules.infrastructure_facts import Answer
from trunks.voice.infrastructure_check import Doors, room_prefix
from trunks.voice.provisioner import ProvisioningFailed


@pytest.fixture
def store(
    make_store: Callable[[Settings], Store], store_settings: Settings, livekit_server: LiveKitServer
) -> Store:
    return make_store(with_livekit(store_settings, livekit_server))


@pytest.fixture
def measuring(store: Store) -> Measuring:
    return Measuring(store.installation, asyncio.run)


@pytest.fixture
def doors() -> Doors:
    place = HostPort("127.0.0.1", free_port(in_a_row=2))
    return doors_of(place, None)


def test_what_was_found_is_kept_once_a_day_and_nothing_moves_unaccepted(
    store: Store, measuring: Measuring, doors: Doors, livekit_server: LiveKitServer
) -> None:
    turns = store.installation.provisions.check_turns
    first = measuring.renew(doors)
    assert first is not None
    assert turns.facts() == first.facts
    assert measuring.renew(doors) is None
    store.clock.advance(timedelta(days=1, seconds=1).total_seconds())
    livekit_server.nodes = [Node(heeds_route=False, address="127.0.0.2")]
    second = measuring.renew(doors)
    assert second is not None
    kept = turns.facts()
    assert kept.route is not None
    assert kept.route_measured is not None
    assert (kept.route.answer, kept.route_measured.answer) == (Answer.YES, Answer.NO)
    assert kept.addresses.keys() == {"127.0.0.1", "127.0.0.2"}
    assert not kept.ignores_route
    assert measuring.measure(doors, accept=True).facts.ignores_route
    assert turns.facts().route_measured is None
    assert turns.claim() is not None


def test_one_at_a_time_and_a_killed_one_is_followed(
    store: Store, measuring: Measuring, doors: Doors, livekit_server: LiveKitServer
) -> None:
    turns = store.installation.provisions.check_turns
    killed = turns.claim()
    assert killed is not None
    left = f"{room_prefix(store.installation.provisions.reconciliation.mark())}left"
    livekit_server.rooms[left] = Room(name=left)
    with pytest.raises(CheckUnderWay):
        measuring.measure(doors, accept=False)
    assert measuring.renew(doors) is None
    assert not measuring.clear()
    store.clock.advance(121)
    assert measuring.clear()
    assert livekit_server.rooms == {}
    livekit_server.rooms[left] = Room(name=left)
    followed = measuring.renew(doors)
    assert followed is not None
    assert livekit_server.rooms == {}
    # Whoever comes to after his lease was over changes nothing.
    turns.finish(killed, followed.found.measurement, accept=False)
    turns.give_back(killed, failed=True)
    assert turns.facts() == followed.facts
    assert not turns.is_due()


def test_a_check_that_fails_leaves_what_is_known_and_is_tried_again_in_an_hour(
    store: Store, measuring: Measuring, doors: Doors, livekit_server: LiveKitServer
) -> None:
    turns = store.installation.provisions.check_turns
    known = measuring.measure(doors, accept=False).facts
    store.clock.advance(timedelta(days=1, seconds=1).total_seconds())
    livekit_server.stop()
    with pytest.raises(ProvisioningFailed):
        measuring.renew(doors)
    assert turns.facts() == known
    assert measuring.renew(doors) is None
    store.clock.advance(3601)
    livekit_server.start()
    assert measuring.renew(doors) is not None


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_an_address_that_the_guard_refuses_is_shown_to_no_customer(
    store: Store, measuring: Measuring, doors: Doors
) -> None:
    facts = measuring.measure(doors, accept=False).facts
    assert facts.addresses.keys() == {"127.0.0.1"}
    trunk = store.make_trunk()
    assert store.installation.catalog.connections.of(store.caller, trunk.id).call_addresses == ()


@pytest.mark.parametrize(
    ("listen", "reach"), [(None, None), (None, "a.example:1"), ("0.0.0.0:5070", None)], ids=str
)
def test_nobody_is_asked_to_call_where_nobody_could(listen: str | None, reach: str | None) -> None:
    def place(text: str | None) -> HostPort | None:
        return None if text is None else HostPort(text.split(":")[0], int(text.split(":")[1]))

    with pytest.raises(SettingsInvalid):
        doors_of(place(listen), place(reach))
