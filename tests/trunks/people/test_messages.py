"""Flips that become messages, and messages on their way, by the services alone."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.report.rulings import RULINGS
from tests.trunks.forms import PASSWORD, Store, make_report
from tests.trunks.health_watch import HealthWatch
from trunks.catalog.new_trunk import NewGateway, NewTrunk
from trunks.ids import new_id
from trunks.models.destination_health import DestinationHealth
from trunks.models.flip import Flip
from trunks.models.webhook import WebhookDelivery, WebhookMessage
from trunks.people.deliveries import DueMessage, EndpointClaim
from trunks.repositories.untold_flips import UntoldFlips
from trunks.rules.delivery import DisabledReason, Try
from trunks.rules.events import EventType
from trunks.rules.trunk_state import Cause

ALICE: dict[str, Any] = {"username": "alice", "password": PASSWORD}
OK, BROKEN = Try(204), Try(500)
REJECTED = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)

# Incidents, which have no place in a trunk's order, have their own tests.
OF_TRUNKS = tuple(each for each in EventType if each.value.startswith("trunk."))

on_sqlite = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


class Post:
    """An endpoint of the store's tenant, and a worker's part played by hand."""

    def __init__(self, store: Store, events: Sequence[EventType] | None = OF_TRUNKS) -> None:
        self.store = store
        self.people = store.installation.people
        made = self.people.endpoints.create(
            store.caller, url="https://example.com/", events=events, description=None, enabled=True
        )
        self.id = made.endpoint.id

    def follow(self) -> None:
        while self.people.flip_follower.turn():
            pass

    def claim(self) -> EndpointClaim | None:
        claims = self.people.deliveries.claim(limit=10)
        return next((each for each in claims if each.endpoint_id == self.id), None)

    def send(self, *answers: Try) -> list[dict[str, Any]]:
        """Answer what is due, one after the other; give the bodies."""
        claim = self.claim()
        if claim is None:
            return []
        tried = [message for message, _ in zip(claim.due, answers, strict=False)]
        for message, answer in zip(tried, answers, strict=False):
            self.people.deliveries.record(claim, message, answer)
        self.people.deliveries.release([claim])
        return [json.loads(message.body) for message in tried]

    def bodies(self) -> list[dict[str, Any]]:
        messages = select(WebhookMessage.body).order_by(WebhookMessage.id)
        with self.store.installation.database.read() as session:
            return [json.loads(body) for body in session.scalars(messages)]

    def types(self) -> list[str]:
        return [body["type"] for body in self.bodies()]


def untold(store: Store) -> int:
    with store.installation.database.read() as session:
        return len(session.scalars(select(Flip.id).where(Flip.untold)).all())


def test_every_flip_is_told_once_in_the_trunks_order(store: Store) -> None:
    post, watch = Post(store), HealthWatch(store)
    trunk = watch.verified()
    for alive in (False, False, False, True, True):
        watch.cycle(alive=alive)
    # A worker that is killed before its transaction ends leaves them untold.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UntoldFlips, "told", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            post.follow()
    assert (untold(store), post.bodies()) == (3, [])
    with ThreadPoolExecutor() as workers:
        for each in [workers.submit(post.follow) for _ in range(3)]:
            each.result()
    assert untold(store) == 0
    told = [(body["type"], body["data"]["sequence"], body["data"]["is_active"]) for body in post.bodies()]
    assert told == [("trunk.verified", 1, True), ("trunk.down", 2, False), ("trunk.recovered", 3, True)]
    assert {body["data"]["trunk_id"] for body in post.bodies()} == {str(trunk.id)}


def test_an_event_waits_for_its_elder(store: Store) -> None:
    post, watch = Post(store), HealthWatch(store)
    watch.verified()
    for alive in (False, False, False):
        watch.cycle(alive=alive)
    post.follow()
    claim = post.claim()
    assert claim is not None
    assert len(claim.due) == 1
    # Whoever comes meanwhile finds it taken; a worker that is gone loses it.
    assert post.claim() is None
    store.clock.advance(200)
    again = post.claim()
    assert again is not None
    assert again.due == claim.due
    assert not post.people.deliveries.record(claim, claim.due[0], OK)
    post.people.deliveries.release([claim, again])
    assert [body["type"] for body in post.send(BROKEN)] == ["trunk.verified"]
    assert post.send(OK) == []
    store.clock.advance(12)
    assert [body["type"] for body in post.send(OK)] == ["trunk.verified"]
    assert [body["type"] for body in post.send(OK)] == ["trunk.down"]
    assert post.send(OK) == []


@on_sqlite
def test_an_elder_of_a_quarter_of_an_hour_is_waited_for_no_longer(store: Store) -> None:
    post, watch = Post(store), HealthWatch(store)
    trunk = watch.verified()
    post.follow()
    begun = store.clock.now
    for seconds in (0, 12, 70):
        store.clock.advance(seconds)
        assert len(post.send(BROKEN)) == 1
    while not store.trunk(trunk.id).health_down:
        watch.cycle(alive=False)
    post.follow()
    assert post.send(OK) == []
    store.clock.now = begun + timedelta(seconds=890)
    assert [body["data"]["sequence"] for body in post.send(BROKEN)] == [1]
    assert post.send(OK) == []
    store.clock.advance(20)
    assert [body["data"]["sequence"] for body in post.send(OK)] == [2]


@on_sqlite
@pytest.mark.parametrize(
    ("answers", "enabled", "reason"),
    [([Try(410)], False, DisabledReason.GONE), ([BROKEN], True, None)],
)
def test_gone_disables_at_once(
    store: Store, answers: list[Try], enabled: bool, reason: DisabledReason | None
) -> None:
    post = Post(store)
    HealthWatch(store).verified()
    post.follow()
    post.send(*answers)
    endpoint = post.people.endpoints.get(store.caller, post.id)
    assert (endpoint.enabled, endpoint.disabled_reason) == (enabled, reason)
    assert endpoint.failing_since == store.clock.now
    store.clock.advance(3600)
    assert bool(post.send(OK)) == enabled
    revived = post.people.endpoints.change(store.caller, post.id, {"enabled": True})
    assert (revived.enabled, revived.disabled_reason, revived.failing_since) == (True, None, None)


@on_sqlite
def test_five_days_of_failures_disable(store: Store) -> None:
    post = Post(store)
    watch = HealthWatch(store)
    enabled = []
    for _ in range(6):
        watch.verified()
        post.follow()
        post.send(*[BROKEN] * 9)
        enabled.append(post.people.endpoints.get(store.caller, post.id).enabled)
        store.clock.advance(86_400)
    assert enabled == [True] * 5 + [False]
    assert post.people.endpoints.get(store.caller, post.id).disabled_reason is DisabledReason.FAILING


# One flip for each event that a flip makes; the other events' own tests are in this file, and in test_incidents.py.
FLIPS: dict[str, dict[str, list[Any]]] = {
    "trunk.verified": {"is_verified": [False, True]},
    "trunk.unverified": {"is_verified": [True, False]},
    "trunk.down": {"health_down": [False, True]},
    "trunk.recovered": {"health_down": [True, False]},
    "trunk.degraded": {"health_status": ["healthy", "degraded"]},
    "trunk.credentials_rejected": {"credentials": ["proven", "rejected"]},
    "trunk.provisioning_failed": {
        "provisioning": ["pending", "failed"],
        "provisioning_error": [None, "No room."],
    },
    "trunk.rerouted": {"outbound_edge": ["192.0.2.1:5060/udp", "192.0.2.2:5060/udp"]},
}


def test_each_event_of_the_table_comes_once_from_its_flip(store: Store) -> None:
    assert set(FLIPS) == set(OF_TRUNKS) - {EventType.CERTIFICATE_EXPIRING}
    post, trunk = Post(store), store.make_trunk()
    with store.installation.database.write() as session:
        session.add_all(
            Flip(
                id=new_id(),
                trunk_id=trunk.id,
                at=store.clock.now,
                cause=Cause.EDIT,
                generation=1,
                changes=changes,
            )
            for changes in FLIPS.values()
        )
    # Of two that follow at once each flip is told by one.
    with ThreadPoolExecutor() as workers:
        for each in [workers.submit(post.follow) for _ in range(2)]:
            each.result()
    post.follow()
    told = [(body["type"], body["data"]["sequence"]) for body in post.bodies()]
    assert told == [(event, number) for number, event in enumerate(FLIPS, start=1)]
    assert "No room." in {body["data"].get("summary") for body in post.bodies()}
    sent: list[str] = []
    while bodies := post.send(OK, OK):
        sent += [body["type"] for body in bodies]
    assert sent == list(FLIPS)


@on_sqlite
def test_what_an_endpoint_does_not_want_and_whom_nobody_tells(store: Store) -> None:
    post = Post(store, [EventType.FINISHED, EventType.CREDENTIALS_REJECTED])
    other = Post(Store(store.installation, store.clock, tenant="other"))
    trunk = HealthWatch(store).verified()
    for _ in range(2):
        # Rejected once more says nothing new.
        HealthWatch(store).verify(trunk, REJECTED)
    new = NewTrunk(name="Draft", provider_name="x", gateways=(NewGateway(host="a.example"),), **ALICE)
    draft = store.installation.catalog.trunks.create(store.caller, new, is_draft=True)
    HealthWatch(store).verify(draft, REJECTED)
    post.follow()
    told = post.bodies()
    assert [body["type"] for body in told].count("trunk.credentials_rejected") == 1
    assert {body["type"] for body in told} == {"trunk.credentials_rejected", "verification.finished"}
    rejected = next(body["data"] for body in told if body["type"] == "trunk.credentials_rejected")
    assert (rejected["reason"], rejected["party"]) == (
        "credentials-rejected",
        RULINGS[Reason.CREDENTIALS_REJECTED].party,
    )
    assert not rejected["is_verified"]
    assert {body["data"]["trunk_id"] for body in told} == {str(trunk.id)}
    assert other.claim() is None


def test_a_certificate_is_announced_once_at_each_threshold(store: Store) -> None:
    post = Post(store, [EventType.CERTIFICATE_EXPIRING])
    trunk = HealthWatch(store).verified()
    destination_id = trunk.gateways[0].destination_id

    def ends(days: float) -> None:
        with store.installation.database.write() as session:
            session.execute(
                update(DestinationHealth)
                .where(DestinationHealth.destination_id == destination_id)
                .values(certificate_expires_at=store.clock.now + timedelta(days=days))
            )

    ends(40)
    seen = []
    for _ in range(45):
        while post.people.certificate_notices.turn():
            pass
        seen.append(len(post.bodies()))
        store.clock.advance(86_400)
    assert [day for day in range(1, 45) if seen[day] > seen[day - 1]] == [10, 26, 33, 39]
    ends(20)
    assert post.people.certificate_notices.turn() == 1
    assert (post.people.certificate_notices.turn(), len(post.bodies())) == (0, 4)
    store.clock.advance(7 * 86_400)
    post.people.certificate_notices.turn()
    assert len(post.bodies()) == 5
    assert post.bodies()[-1]["data"]["certificate_expires_at"]


@on_sqlite
def test_a_delivery_goes_with_its_message_and_a_message_after_its_keeping(store: Store) -> None:
    post = Post(store)
    HealthWatch(store).verified()
    post.follow()
    post.send(OK)
    store.clock.advance(31 * 86_400)
    for _ in range(3):
        store.installation.cleaning.turn()
        store.clock.advance(90)
    assert post.bodies() == []
    with store.installation.database.read() as session:
        assert session.scalars(select(WebhookDelivery.id)).all() == []


def test_a_lost_claim_of_no_endpoint_records_nothing(store: Store) -> None:
    claim = EndpointClaim(new_id(), new_id(), "https://example.com/", ())
    message = DueMessage(new_id(), new_id(), None, 0, "{}")
    assert not store.installation.people.deliveries.record(claim, message, OK)
