"""Maintenance holds messages and not state; whatever ends it, what was held is sent, in its order."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.trunks.forms import Store
from tests.trunks.health_watch import HealthWatch
from tests.trunks.people.test_messages import OK, Post
from trunks.errors import DestinationNotFound, EnvironmentNotFound, MaintenanceNotFound, TrunkNotFound
from trunks.ids import new_id
from trunks.people.maintenance import MaintenanceBook

HOUR = timedelta(hours=1)

on_sqlite = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


def book(store: Store) -> MaintenanceBook:
    return store.installation.people.maintenance


def sent(post: Post) -> list[str]:
    """Let everything be sent that may be."""
    found: list[str] = []
    while bodies := post.send(OK, OK, OK, OK):
        found += [body["type"] for body in bodies]
    return found


@pytest.mark.parametrize(
    ("of", "end"), [("trunk", "ended"), ("carrier", "expired"), ("environment", "trunk deleted")]
)
def test_messages_are_held_and_states_are_not(store: Store, of: str, end: str) -> None:
    post = Post(store, events=None)
    watch = HealthWatch(store)
    trunk, free = watch.verified(), watch.verified(name="Free", domain="free.example")
    post.follow()
    assert sent(post) == ["trunk.verified"] * 2
    begun = book(store).begin(
        HOUR,
        environment=store.tenant if of == "environment" else None,
        domain="sip.carrier.example" if of == "carrier" else None,
        trunk_id=trunk.id if of == "trunk" else None,
        note="new cables",
    )
    assert [(each.id, each.note) for each in book(store).standing()] == [(begun[0], "new cables")]
    for _ in range(3):
        watch.cycle(alive=False)
    post.follow()
    assert store.trunk(trunk.id).health_down
    told = ["incident.opened", "trunk.down"]
    assert sorted(sent(post)) == ([] if of == "environment" else told)
    if end == "ended":
        book(store).end(begun[0])
    elif end == "expired":
        store.clock.advance(3600)
    else:
        # Of a trunk that is gone there is nothing to be silent about.
        store.installation.catalog.trunks.remove(store.caller, trunk.id)
        store.installation.catalog.trunks.remove(store.caller, free.id)
    assert sorted(sent(post)) == (sorted(told * 2) if of == "environment" else told)
    assert [each.id for each in book(store).standing()] == (
        begun if end == "trunk deleted" and of != "trunk" else []
    )


@on_sqlite
def test_another_tenants_maintenance_holds_nothing_of_ours(store: Store) -> None:
    other = Store(store.installation, store.clock, tenant="other")
    book(store).begin(HOUR, environment="other")
    post = Post(store)
    HealthWatch(store).verified()
    theirs = Post(other)
    HealthWatch(other).verified()
    post.follow()
    assert (sent(post), sent(theirs)) == (["trunk.verified"], [])
    # Whoever tries his endpoint is not to be kept waiting.
    theirs.people.endpoints.test(other.caller, theirs.id)
    assert len(theirs.send(OK)) == 1


@on_sqlite
def test_what_is_not_there_is_refused(store: Store) -> None:
    store.make_trunk()
    for given, error in (
        ({"environment": "nobody"}, EnvironmentNotFound),
        ({"domain": "nowhere.example"}, DestinationNotFound),
        ({"trunk_id": new_id()}, TrunkNotFound),
    ):
        with pytest.raises(error):
            book(store).begin(HOUR, **given)
    (begun,) = book(store).begin(HOUR, domain="sip.carrier.example")
    book(store).end(begun)
    for each in (begun, UUID(int=0)):
        with pytest.raises(MaintenanceNotFound):
            book(store).end(each)
