"""One number, one trunk, over the whole installation: in the store, on both engines."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from livekit.protocol.sip import SIPInboundTrunkInfo
from sqlalchemy import update

from sipcheck.diagnosis.inbound.call import IncomingCall
from tests.peers.livekit import server
from tests.peers.livekit.server import LiveKitServer
from tests.peers.livekit.trunks import METHODS as TRUNK_METHODS
from tests.peers.livekit.trunks import LiveKitTrunks
from tests.trunks.forms import Store
from tests.trunks.livekit_forms import with_livekit
from tests.trunks.provisions.installed import Installed
from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.trunk_edit import NewLine, TrunkEdit
from trunks.errors import (
    CalledNumberNotFound,
    NumberInUseElsewhere,
    NumberNotFound,
    NumberTaken,
    StoreBusy,
    TooManyNumbers,
    TrunkNotFound,
)
from trunks.installation.settings import Settings
from trunks.models.environment import Environment
from trunks.models.trunk import Trunk
from trunks.repositories.number_claims import NumberClaims
from trunks.rules.profile import TrunkProfile
from trunks.rules.trunk_state import Cause
from trunks.voice.provisioner import FailureCause, ProvisioningFailed

NUMBER = "+14155551234"
AT_ONCE = 20
CREATE = "CreateSIPInboundTrunk"


@pytest.fixture
def installed(
    make_store: Callable[[Settings], Store], store_settings: Settings, livekit_server: LiveKitServer
) -> Installed:
    return Installed(make_store(with_livekit(store_settings, livekit_server)), livekit_server)


@pytest.fixture
def acme(installed: Installed) -> Store:
    return installed.store


@pytest.fixture
def globex(acme: Store) -> Store:
    return Store(acme.installation, acme.clock, tenant="globex")


def verified(store: Store, trunk: Trunk) -> Trunk:
    """Let a trunk have been verified."""
    with store.installation.database.write() as session:
        session.execute(
            update(Trunk).where(Trunk.id == trunk.id).values(ever_verified=True, is_verified=True)
        )
    return trunk


def with_number(store: Store, number: str = NUMBER, **given: Any) -> Trunk:
    return store.make_trunk(numbers=(NewNumber(number=number),), **given)


def add(store: Store, trunk: Trunk, number: str = NUMBER) -> None:
    store.installation.catalog.numbers.add(store.caller, trunk.id, NewNumber(number=number))


def numbers(store: Store, trunk: Trunk) -> list[str]:
    page = store.installation.catalog.numbers.page(store.caller, trunk.id, limit=100)
    return [each.number for each in page]


def holder(store: Store, number: str = NUMBER) -> UUID | None:
    with store.installation.database.read() as session:
        found = NumberClaims(session).holder(number)
        return None if found is None else found.trunk_id


def test_another_environments_number_is_refused_however_it_is_entered(acme: Store, globex: Store) -> None:
    held = with_number(acme)
    trunk = verified(globex, with_number(globex, "+442071234567"))
    verified(acme, held)
    updates = globex.installation.catalog.updates
    line = globex.installation.catalog.numbers.page(globex.caller, trunk.id, limit=1)[0]
    ways: list[Callable[[], Any]] = [
        lambda: with_number(globex),
        lambda: with_number(globex, "0014155551234"),
        lambda: with_number(globex, "14155551234"),
        lambda: add(globex, trunk),
        lambda: updates.apply(globex.caller, trunk.id, TrunkEdit(numbers=(NewNumber(number=NUMBER),))),
        lambda: updates.apply(
            globex.caller, trunk.id, TrunkEdit(line=NewLine(line.id, NewNumber(number=NUMBER)))
        ),
    ]
    for way in ways:
        with pytest.raises(NumberInUseElsewhere):
            way()
        assert numbers(globex, trunk) == ["+442071234567"]
    assert (holder(acme), numbers(acme, held)) == (held.id, [NUMBER])
    assert holder(acme, "+442071234567") == trunk.id
    # Within the environment it is the tenant's own matter, as before.
    with pytest.raises(NumberTaken):
        with_number(acme, name="Second")


def test_a_number_that_is_given_up_is_free(acme: Store, globex: Store) -> None:
    held = with_number(acme)
    catalog = acme.installation.catalog
    (number,) = catalog.numbers.page(acme.caller, held.id, limit=1)
    catalog.numbers.remove(acme.caller, held.id, number.id)
    trunk = with_number(globex)
    assert holder(acme) == trunk.id
    catalog.updates.apply(globex.caller, trunk.id, TrunkEdit(numbers=()))
    again = with_number(acme, name="Again")
    catalog.trunks.remove(acme.caller, again.id, with_numbers=True)
    assert holder(acme) is None


def test_on_a_trunk_that_was_never_verified_it_yields_to_a_verified_one(acme: Store, globex: Store) -> None:
    squatter = with_number(acme)
    trunk = verified(globex, globex.make_trunk())
    add(globex, trunk)
    assert holder(acme) == trunk.id
    assert (numbers(acme, squatter), numbers(globex, trunk)) == ([], [NUMBER])
    (flip,) = acme.flips(squatter.id)
    assert (flip.cause, flip.changes) == (Cause.PROVISIONING, {"phone_number": [NUMBER, None]})
    # And not the other way round.
    other = acme.make_trunk(name="Other")
    with pytest.raises(NumberInUseElsewhere):
        add(acme, other)
    verified(acme, other)
    with pytest.raises(NumberInUseElsewhere):
        add(acme, other)


async def test_two_environments_have_extension_1000(installed: Installed, globex: Store) -> None:
    extension = TrunkProfile(extension="1000")
    first = installed.store.make_trunk(profile=extension, wanted=True)
    second = globex.make_trunk(profile=extension, wanted=True)
    others = Installed(globex, installed.server)
    for each, trunk in ((installed, first), (others, second)):
        each.store.provision(trunk.id)
        await each.work(trunk)
    inbound = sorted(tuple(side.numbers) for side in installed.server.inbound.values())
    own = f"+889{globex.caller.environment_id.int % 100_000:05d}1000"
    assert inbound == [(own,), ("1000",)]
    assert [tuple(side.numbers) for side in installed.server.outbound.values()] == [("1000",)] * 2
    # Whoever asks about a call to it is told of the trunk, and by neither is the other's found.
    calls = globex.installation.catalog.inbound_calls
    asked = IncomingCall(called=own, source_ip="203.0.113.7")
    assert [each.trunk_id for each in calls.called(globex.caller, asked).trunks] == [second.id]
    with pytest.raises(CalledNumberNotFound):
        calls.called(installed.store.caller, IncomingCall(called="+88999999", source_ip="203.0.113.7"))
    # It stays, whatever becomes of the first.
    installed.store.installation.catalog.trunks.remove(installed.store.caller, first.id)
    assert (await others.judge()).found == ()
    with pytest.raises(NumberInUseElsewhere):
        globex.make_trunk(name="Third", username="bob", profile=extension)


def test_an_environment_has_so_many_numbers_at_most(acme: Store) -> None:
    with acme.installation.database.write() as session:
        session.execute(update(Environment).values(max_numbers=2))
    trunk = with_number(acme)
    add(acme, trunk, "+14155550002")
    with pytest.raises(TooManyNumbers, match="2 phone numbers"):
        add(acme, trunk, "+14155550003")
    with pytest.raises(TooManyNumbers):
        with_number(acme, "+14155550003", name="Second")
    updates = acme.installation.catalog.updates
    three = tuple(NewNumber(number=f"+1415555000{digit}") for digit in range(3))
    with pytest.raises(TooManyNumbers):
        updates.apply(acme.caller, trunk.id, TrunkEdit(numbers=three))
    # Others in their place are no more.
    updates.apply(acme.caller, trunk.id, TrunkEdit(numbers=three[:2]))


def test_of_many_at_once_one_has_it(acme: Store) -> None:
    """Each in an environment of its own, as many API processes have them."""
    tenants = [Store(acme.installation, acme.clock, tenant=f"tenant {each}") for each in range(AT_ONCE)]
    start, ended = threading.Barrier(AT_ONCE), list[str]()

    def enter(tenant: Store) -> None:
        start.wait()
        while True:
            try:
                with_number(tenant)
            except StoreBusy:  # whoever answers callers comes again
                continue
            except NumberInUseElsewhere:
                ended.append("refused")
            else:
                ended.append("entered")
            return

    threads = [threading.Thread(target=enter, args=[tenant]) for tenant in tenants]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["entered", *["refused"] * (AT_ONCE - 1)]


def test_without_a_provisioner_several_may_have_it_and_the_oldest_is_known(
    make_store: Callable[[Settings], Store], store_settings: Settings
) -> None:
    acme = make_store(store_settings)
    others = [Store(acme.installation, acme.clock, tenant=name) for name in ("globex", "initech")]
    first, second, third = with_number(acme), with_number(others[0]), with_number(others[1])
    assert holder(acme) == first.id
    with acme.installation.database.read() as session:
        assert [found[1] for found in NumberClaims(session).doubles(limit=10)] == [second.id, third.id]
    acme.installation.catalog.trunks.remove(acme.caller, first.id, with_numbers=True)
    assert holder(acme) == second.id


def test_an_operator_takes_a_number_away_and_gives_it_to_another(acme: Store, globex: Store) -> None:
    held, wants = verified(acme, with_number(acme)), globex.make_trunk()
    released = acme.installation.catalog.released_numbers
    with pytest.raises(NumberNotFound):
        released.release("+442071234567")
    with pytest.raises(TrunkNotFound):
        released.release(NUMBER, to=held.id)
    with pytest.raises(TrunkNotFound):
        released.release(NUMBER, to=UUID(int=1))
    assert numbers(acme, held) == [NUMBER]
    assert released.release("001 415 555 1234", to=wants.id).holder_id == held.id
    assert (numbers(acme, held), numbers(globex, wants), holder(acme)) == ([], [NUMBER], wants.id)
    assert acme.flips(held.id)[-1].changes == {"phone_number": [NUMBER, None]}
    assert globex.flips(wants.id)[-1].changes == {"phone_number": [None, NUMBER]}
    assert released.release(NUMBER).holder_id == wants.id
    assert holder(acme) is None


async def test_what_a_stranger_enters_at_the_same_moment_is_seen_afterwards(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiveKit looks and then stores: of two at once both may come to be."""
    trunk = installed.make_trunk()
    request_class, create = TRUNK_METHODS[CREATE]

    def beside_a_stranger(trunks: LiveKitTrunks, request: Any) -> Any:
        made = create(trunks, request)
        trunks.inbound["ST_0"] = SIPInboundTrunkInfo(sip_trunk_id="ST_0", numbers=["14155551234"])
        return made

    monkeypatch.setitem(server._METHODS, CREATE, (request_class, beside_a_stranger))
    with pytest.raises(ProvisioningFailed) as failed:
        await installed.work(trunk)
    assert failed.value.cause is FailureCause.CONFLICT
    assert list(installed.server.inbound) == ["ST_0"]
    assert installed.server.outbound == {}
