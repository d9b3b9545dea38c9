"""Maintenance holds messages and not state; whatever ends it, what was held is sent, in its order."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.trunks.forms import Store
from tests.trunks.health_watch import HealthWatch
from tests.trunks.people.test_incidents import fall
from tests.trunks.people.test_messages import OK, Post
from tests.trunks.retention.rows import clean_all, count
from trunks.errors import DestinationNotFound, EnvironmentNotFound, MaintenanceNotFound, TrunkNotFound
from trunks.ids import new_id
from trunks.models.webhook import WebhookMessage
from trunks.people.maintenance import LONGEST, MaintenanceBook

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


@pytest.mark.parametrize(
    ("times", "end", "is_sent"),
    [(2, "ended", True), (2, "expired", True), (13, "expired", True), (14, "expired", False)],
)
def test_what_is_held_outlives_what_is_kept_of_messages(
    store: Store, times: int, end: str, is_sent: bool
) -> None:
    """Up to 400 days of one maintenance behind the other; what nothing holds goes at its time, held trunk or not."""
    post = Post(store, events=None)
    watch = HealthWatch(store)
    trunk, free = watch.verified(), watch.verified(name="Free", domain="free.example")
    post.follow()
    assert sent(post) == ["trunk.verified"] * 2
    (begun,) = book(store).begin(LONGEST, trunk_id=trunk.id)
    for _ in range(3):
        watch.cycle(alive=False)
    post.follow()
    assert store.trunk(free.id).health_down
    for _ in range(times - 1):
        store.clock.advance((LONGEST - HOUR).total_seconds())
        (begun,) = book(store).begin(LONGEST, trunk_id=trunk.id)
    store.clock.advance((LONGEST - HOUR).total_seconds())
    clean_all(store)
    if end == "ended":
        book(store).end(begun)
    else:
        store.clock.advance(HOUR.total_seconds())
    clean_all(store)
    assert sorted(sent(post)) == (["incident.opened", "trunk.down"] if is_sent else [])
    clean_all(store)
    assert count(store, WebhookMessage) == 0


def test_what_was_held_and_finds_nobody_goes_two_days_later(store: Store) -> None:
    post = Post(store, events=None)
    watch = HealthWatch(store)
    trunk = watch.verified()
    book(store).begin(LONGEST, trunk_id=trunk.id)
    post.follow()
    post.people.endpoints.change(store.caller, post.id, {"enabled": False})
    store.clock.advance((LONGEST + HOUR).total_seconds())
    clean_all(store)
    assert count(store, WebhookMessage) == 1
    store.clock.advance(timedelta(days=2).total_seconds())
    clean_all(store)
    assert count(store, WebhookMessage) == 0


@pytest.mark.parametrize("of", ["trunk", "carrier", "environment"])
def test_the_operators_notice_waits_for_the_end_however_late_that_is(store: Store, of: str) -> None:
    watch = HealthWatch(store)
    trunk = watch.verified()
    (begun,) = book(store).begin(
        LONGEST,
        environment=store.tenant if of == "environment" else None,
        domain="sip.carrier.example" if of == "carrier" else None,
        trunk_id=trunk.id if of == "trunk" else None,
    )
    fall(watch, trunk)
    store.clock.advance(timedelta(days=3).total_seconds())
    notices = store.installation.people.operator_notices
    assert notices.claim(limit=10) == []
    book(store).end(begun)
    assert len(notices.claim(limit=10)) == 1
    assert notices.claim(limit=10) == []
