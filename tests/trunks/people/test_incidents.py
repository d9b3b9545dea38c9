"""Incidents: one for what falls together, closed when nobody is concerned, and nothing of other tenants."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from api.talkover.incident_answers import show_incident
from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.trunks.forms import Store, make_report
from tests.trunks.health_watch import HealthWatch
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.errors import IncidentNotFound, TrunkNotFound
from trunks.models.trunk import Trunk
from trunks.models.webhook import WebhookMessage
from trunks.people.incidents import Elsewhere, IncidentView

REJECTED = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)
FORBIDDEN = make_report(Outcome.FAILED, Reason.ADDRESS_FORBIDDEN)

on_sqlite = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


def follow(store: Store) -> None:
    people = store.installation.people
    while people.flip_follower.turn() or people.incident_closing.turn():
        pass


def incidents(store: Store, **asked: Any) -> Sequence[IncidentView]:
    return store.installation.people.incidents.page(store.caller, limit=10, **asked)


def fall(watch: HealthWatch, trunk: Trunk) -> None:
    while not watch.store.trunk(trunk.id).health_down:
        watch.cycle(alive=False)
    follow(watch.store)


def rise(watch: HealthWatch, trunk: Trunk) -> None:
    while watch.store.trunk(trunk.id).health_down:
        watch.cycle(alive=True)
    follow(watch.store)


def test_a_carriers_fall_is_one_incident_and_tells_of_others_by_round_numbers(store: Store) -> None:
    store.installation.people.endpoints.create(
        store.caller, url="https://example.com/", events=None, description=None, enabled=True
    )
    others = [Store(store.installation, store.clock, tenant=f"other {number}") for number in range(4)]
    watch = HealthWatch(store)
    trunks = [watch.verified(name=f"Ours {number}") for number in range(3)]
    theirs = [HealthWatch(each).verified(name="Secret name") for each in others]
    elsewhere = watch.verified(name="Elsewhere", domain="quiet.example")
    follow(store)
    for _ in range(3):
        watch.cycle(alive=lambda claim: claim.domain == "quiet.example")
    follow(store)
    (view,) = incidents(store)
    assert (view.trunks, view.of, view.incident.reason, view.incident.closed_at) == (
        3,
        3,
        "no-response",
        None,
    )
    assert view.elsewhere == Elsewhere(10, 10)
    assert "sip.carrier.example has not answered our checks since" in view.cause
    assert [moment.event for moment in view.timeline] == ["first-failure", "fell", "fell", "fell"]
    assert incidents(store, trunk_id=trunks[0].id, is_open=True)[0].id == view.id
    assert incidents(store, trunk_id=elsewhere.id) == incidents(store, is_open=False) == []
    shown = show_incident(view).model_dump_json() + store.installation.people.incidents.letter(
        store.caller, view.id
    )
    assert "We found nothing that changed before." in shown
    for secret in ("Secret name", *(str(each.id) for each in theirs), *(each.tenant for each in others)):
        assert secret not in shown
    stranger = Store(store.installation, store.clock, tenant="stranger")
    assert incidents(stranger) == []
    with pytest.raises(IncidentNotFound):
        store.installation.people.incidents.get(stranger.caller, view.id)
    with pytest.raises(TrunkNotFound):
        incidents(stranger, trunk_id=trunks[0].id)
    rise(watch, trunks[0])
    (closed,) = incidents(store)
    assert closed.incident.closed_at is not None
    with store.installation.database.read() as session:
        types = session.scalars(select(WebhookMessage.type)).all()
    assert [types.count(f"incident.{each}") for each in ("opened", "closed")] == [1, 1]


@on_sqlite
def test_a_flapping_carrier_has_one_incident_and_one_that_falls_later_another(store: Store) -> None:
    watch = HealthWatch(store)
    trunk = watch.verified()
    for _ in range(3):
        fall(watch, trunk)
        rise(watch, trunk)
    (view,) = incidents(store)
    assert [moment.event for moment in view.timeline] == ["first-failure", "fell", "recovered", "closed"]
    # Four others are too few to be told of.
    assert view.elsewhere is None
    for _ in range(20):
        watch.cycle(alive=True)
    fall(watch, trunk)
    assert len(incidents(store)) == 2


@on_sqlite
@pytest.mark.parametrize("end", ["edited", "switched-off", "deleted"])
def test_it_ends_for_a_trunk_also_by_its_customer(store: Store, end: str) -> None:
    watch = HealthWatch(store)
    trunk, left = watch.verified(), watch.verified(name="Left")
    fall(watch, trunk)
    catalog = store.installation.catalog
    for each in (trunk, left):
        assert incidents(store, is_open=True)
        if end == "edited":
            catalog.updates.apply(store.caller, each.id, lambda _: TrunkEdit(username="other"))
        elif end == "switched-off":
            catalog.updates.apply(store.caller, each.id, lambda _: TrunkEdit(wanted=False))
        else:
            catalog.trunks.remove(store.caller, each.id)
        follow(store)
    assert incidents(store, is_open=True) == []


@on_sqlite
def test_refused_passwords_are_incidents_of_their_moment(store: Store) -> None:
    watch = HealthWatch(store)
    trunks = [watch.verified(name=f"Trunk {number}") for number in range(3)]
    follow(store)
    for trunk, seconds in zip(trunks, (0, 60, 3600), strict=True):
        store.clock.advance(seconds)
        watch.verify(trunk, REJECTED)
        follow(store)
    assert [(each.trunks, each.incident.reason) for each in incidents(store)] == [
        (1, "credentials-rejected"),
        (2, "credentials-rejected"),
    ]


@on_sqlite
def test_nobody_is_told_what_anothers_run_came_to(store: Store) -> None:
    """Two that fail in one minute for different reasons have an incident each."""
    watch = HealthWatch(store)
    trunks = [watch.verified(name=f"Trunk {number}") for number in range(2)]
    follow(store)
    for trunk, report in zip(trunks, (REJECTED, FORBIDDEN), strict=True):
        watch.verify(trunk, report)
        follow(store)
    assert [(each.trunks, each.incident.reason) for each in incidents(store)] == [
        (1, "address-forbidden"),
        (1, "credentials-rejected"),
    ]
