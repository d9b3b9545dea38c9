"""Incidents: one for what falls together, closed when nobody is concerned, and nothing of other tenants."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from api.talkover.people.incident_answers import show_incident
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.report.model import Direction, Report, TraceStep
from tests.trunks.forms import Store, make_report
from tests.trunks.health_watch import LONG_ENOUGH_SECONDS, HealthWatch
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.errors import IncidentNotFound, TrunkNotFound
from trunks.models.trunk import Trunk
from trunks.models.webhook import WebhookMessage
from trunks.people.incident_view import Elsewhere, IncidentView
from trunks.rules.destination_facts import DestinationFacts, SeenEdge

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
    assert (view.trunks, view.of, view.reason, view.closed_at) == (
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
    assert closed.closed_at is not None
    with store.installation.database.read() as session:
        types = session.scalars(select(WebhookMessage.type)).all()
    assert [types.count(f"incident.{each}") for each in ("opened", "closed")] == [1, 1]


def test_what_changed_is_told_of_the_last_answer_and_the_first_failure(store: Store) -> None:
    """Whatever later checks see, and whoever asks in between."""
    watch = HealthWatch(store)
    trunk = watch.verified()
    watch.cycle(alive=True, seen=facts("sip2.carrier.example"), latency_ms=20.0)
    watch.cycle(alive=True, seen=facts("sip2.carrier.example"), latency_ms=20.0)
    watch.cycle(alive=True, seen=facts("sip2.carrier.example"), latency_ms=900.0)
    for host in ("sip3.carrier.example", "sip4.carrier.example", "sip4.carrier.example"):
        watch.cycle(alive=False, seen=facts(host), call_ids=(("192.0.2.1:5060/udp", f"asked-{host}"),))
    follow(store)
    (view,) = incidents(store)
    assert [(change.what, change.before, change.after) for change in view.changed] == [
        ("server", "sip2.carrier.example", "sip3.carrier.example"),
        ("latency", "18 ms", "900 ms"),
    ]
    # What is found later, when it is well again, changes nothing of what was told.
    for _ in range(2):
        watch.cycle(alive=True, seen=facts("sip4.carrier.example"))
    follow(store)
    assert incidents(store)[0].changed == view.changed
    letter = store.installation.people.incidents.letter(store.caller, view.id)
    assert view.changed[0].sentence in letter
    # The first of the requests that failed.
    assert "192.0.2.1:5060/udp  Call-ID: asked-sip3.carrier.example" in letter
    assert letter.count("Call-ID") == 1
    assert watch.health(watch.destination_of(trunk)).good == facts("sip4.carrier.example").kept()


def facts(host: str) -> DestinationFacts:
    return DestinationFacts(edges=(SeenEdge(host, "192.0.2.1:5060/udp"),))


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
@pytest.mark.parametrize("fell_by", ["health", "verdict"])
@pytest.mark.parametrize("end", ["edited", "switched-off", "deleted"])
def test_it_ends_for_a_trunk_also_by_its_customer(store: Store, end: str, fell_by: str) -> None:
    watch = HealthWatch(store)
    trunk, left = watch.verified(), watch.verified(name="Left")
    if fell_by == "health":
        fall(watch, trunk)
    else:
        follow(store)
        for each in (trunk, left):
            watch.verify(each, REJECTED)
        follow(store)
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
    assert [(each.trunks, each.reason) for each in incidents(store)] == [
        (1, "credentials-rejected"),
        (2, "credentials-rejected"),
    ]


def test_what_shares_an_edge_is_one_incident_and_each_hears_of_his_own_destination(store: Store) -> None:
    """The name that another tenant's trunk leads to may be his alone."""
    ours = HealthWatch(store)
    theirs = HealthWatch(Store(store.installation, store.clock, tenant="other"))
    trunks = [
        ours.verified(domain="one.example"),
        theirs.verified(domain="their.secret.example"),
        ours.verified(domain="two.example"),
        ours.verified(domain="apart.example"),
    ]
    addresses = {"apart.example": ("192.0.2.200",)}
    for alive in (True, False, False, False):
        store.clock.advance(LONG_ENOUGH_SECONDS)
        for claim in ours.claim():
            ours.settle([claim], alive=alive, edge_addresses=addresses.get(claim.domain, ("192.0.2.1",)))
    follow(store)
    apart, shared = sorted(incidents(store), key=lambda view: view.trunks)
    assert [(view.trunks, view.of) for view in (shared, apart)] == [(2, 2), (1, 1)]
    (their_view,) = incidents(theirs.store)
    assert (their_view.id, their_view.trunks, their_view.of) == (shared.id, 1, 1)
    people = store.installation.people.incidents
    for view, of, foreign in ((shared, store, ["secret"]), (their_view, theirs.store, ["one.ex", "two.ex"])):
        told = show_incident(view).model_dump_json() + people.letter(of.caller, view.id)
        assert not any(each in told for each in foreign), told
    assert "one.example and two.example have not answered" in shared.cause
    assert their_view.cause.startswith("their.secret.example has not answered")
    # It is one until the last of all trunks is well again.
    store.clock.advance(LONG_ENOUGH_SECONDS)
    catalog = store.installation.catalog.trunks
    for number in (0, 2):
        catalog.remove(store.caller, trunks[number].id)
    follow(store)
    assert [view.closed_at for view in incidents(theirs.store)] == [None]
    catalog.remove(theirs.store.caller, trunks[1].id)
    follow(store)
    assert incidents(theirs.store) == []


@on_sqlite
def test_a_realm_is_told_to_whom_it_was_asked_in_the_name_of(store: Store) -> None:
    """Another tenant's trunk at the same destination, refused in the same minute, found nothing of it itself."""
    watch = HealthWatch(store)
    other = HealthWatch(Store(store.installation, store.clock, tenant="other"))
    trunks = [(watch, watch.verified(), "b"), (other, other.verified(), "c")]
    follow(store)
    for of, trunk, realm in trunks:
        of.verify(trunk, mismatch(realm))
        follow(store)
    for of, _, realm in trunks:
        (view,) = incidents(of.store)
        assert [change.sentence for change in view.changed] == [f"The realm was 'a', and is '{realm}'."]
        assert (view.reason, view.trunks, view.elsewhere) == ("realm-mismatch", 1, None)


def mismatch(realm: str, outcome: Outcome = Outcome.FAILED) -> Report:
    said = Sentence.of("challenge.realm", found=f"'{realm}'", expected="'a'")
    sentence = Sentence.of("realm-mismatch.summary", where="sip.carrier.example", detail=said)
    sent = TraceStep(12.0, "192.0.2.1:5060/udp", Direction.SENT, "REGISTER sip:c SIP/2.0\ni: of-this-run\n\n")
    report = make_report(outcome, Reason.REALM_MISMATCH)
    return replace(report, sentences=(sentence,), trace=(sent,))


def test_three_proofs_that_find_another_realm_are_an_incident(store: Store) -> None:
    """Of whose trunks nobody falls; another tenant, whose one proof found it too, is told nothing by that."""
    unsure = mismatch("b", Outcome.INCONCLUSIVE)
    store.installation.people.endpoints.create(
        store.caller, url="https://example.com/", events=None, description=None, enabled=True
    )
    watch = HealthWatch(store)
    other = HealthWatch(Store(store.installation, store.clock, tenant="other"))
    theirs = other.verified()
    trunks = [watch.verified(name=f"Trunk {number}") for number in range(3)]
    follow(store)
    other.verify(theirs, unsure)
    for trunk in trunks:
        assert incidents(store) == []
        watch.verify(trunk, unsure)
        # The same again is nothing more.
        watch.verify(trunk, unsure)
        follow(store)
    (view,) = incidents(store)
    assert incidents(other.store) == []
    assert (view.trunks, view.reason, view.elsewhere) == (3, "realm-mismatch", None)
    assert "asks for passwords in the name of another realm since" in view.cause
    assert [change.sentence for change in view.changed] == ["The realm was 'a', and is 'b'."]
    assert all(store.trunk(trunk.id).is_verified for trunk in trunks)
    letter = store.installation.people.incidents.letter(store.caller, view.id)
    assert letter.count("192.0.2.1:5060/udp  Call-ID: of-this-run") == 3
    for each, trunk in ((other, theirs), *((watch, trunk) for trunk in trunks)):
        each.verify(trunk, make_report(credentials=CredentialState.PROVEN))
    follow(store)
    (closed,) = incidents(store)
    assert closed.closed_at is not None
    with store.installation.database.read() as session:
        types = session.scalars(select(WebhookMessage.type)).all()
    assert [types.count(f"incident.{each}") for each in ("opened", "closed")] == [1, 1]


@on_sqlite
def test_nobody_is_told_what_anothers_run_came_to(store: Store) -> None:
    """Two that fail in one minute for different reasons have an incident each."""
    watch = HealthWatch(store)
    trunks = [watch.verified(name=f"Trunk {number}") for number in range(2)]
    follow(store)
    for trunk, report in zip(trunks, (REJECTED, FORBIDDEN), strict=True):
        watch.verify(trunk, report)
        follow(store)
    assert [(each.trunks, each.reason) for each in incidents(store)] == [
        (1, "address-forbidden"),
        (1, "credentials-rejected"),
    ]
