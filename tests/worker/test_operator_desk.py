"""The operator is told of each incident once, through Apprise, whoever is away or killed; his addresses stay secret."""

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from pydantic import SecretStr

from sipcheck.reasons import Outcome
from tests.peers.http_receiver import http_receiver
from tests.trunks.forms import STARTED, Store, make_store, sqlite_template, store, store_settings
from tests.trunks.health_watch import HealthWatch
from tests.trunks.people.test_incidents import REJECTED, fall, follow, mismatch, rise
from trunks.errors import SettingsInvalid
from trunks.installation.settings import Settings, load_settings
from trunks.people.operator_notices import LEASE
from worker.messages.operator_desk import OperatorDesk

__all__ = ["make_store", "sqlite_template", "store", "store_settings"]

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

SECRET = "hush-hush"


@dataclass
class Receiver:
    """Takes what Apprise posts as JSON; an address below /broken is answered 500 as long as that is so."""

    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    broken: bool = False
    port: int = 0

    def told(self, path: str) -> list[dict[str, Any]]:
        return [body for at, body in self.heard if at == path]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    def take(path: str, _: dict[str, str], body: bytes) -> HTTPStatus:
        if found.broken and path.startswith("/broken"):
            return HTTPStatus.INTERNAL_SERVER_ERROR
        found.heard.append((path, json.loads(body)))
        return HTTPStatus.OK

    with http_receiver(take) as found.port:
        yield found


def desk(store: Store, receiver: Receiver, *addresses: str) -> OperatorDesk:
    at = f"json://trunkd:{SECRET}@127.0.0.1:{receiver.port}"
    urls = " ".join(each.replace("json:/", f"{at}/") for each in addresses)
    return OperatorDesk(store.installation.people.operator_notices, SecretStr(urls))


async def test_one_message_for_an_incident_by_its_severity(
    store: Store, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    told = desk(store, receiver, "json://all", "critical=json://critical")
    watch = HealthWatch(store)
    trunks = [watch.verified(name=f"Trunk {number}") for number in range(3)]
    other = HealthWatch(Store(store.installation, store.clock, tenant="Secret tenant"))
    other.verified()
    follow(store)
    with caplog.at_level(logging.DEBUG):
        # A carrier that comes and goes is one incident, and one message.
        for _ in range(2):
            fall(watch, trunks[0])
            store.clock.advance(20)
            await told.turn()
            await told.turn()
            rise(watch, trunks[0])
        watch.verify(trunks[0], REJECTED)
        follow(store)
        await told.turn()
        # So soon it may be the first of many.
        assert len(receiver.told("/all")) == 1
        store.clock.advance(20)
        await told.turn()
    first, second = receiver.told("/all")
    assert receiver.told("/critical") == [first]
    assert (first["title"], first["type"], second["type"]) == (
        "Incident at sip.carrier.example",
        "failure",
        "warning",
    )
    assert "sip.carrier.example has not answered our checks since" in first["message"]
    assert "4 of 4 trunks there fell, of 2 tenants." in first["message"]
    assert "1 of 4 trunks there fell, of one tenant." in second["message"]
    assert "Secret tenant" not in str(receiver.heard)
    assert SECRET not in caplog.text


async def test_an_address_that_is_away_costs_no_other_a_second_message(
    store: Store, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    told = desk(store, receiver, "json://well", "json://broken")
    receiver.broken = True
    watch = HealthWatch(store)
    fall(watch, watch.verified())
    store.clock.advance(20)
    for _ in range(2):
        await told.turn()
    receiver.broken = False
    await told.turn()
    assert [path for path, _ in receiver.heard] == ["/well"]
    store.clock.advance(10)
    for _ in range(2):
        await told.turn()
    assert [path for path, _ in receiver.heard] == ["/well", "/broken"]
    printed = capsys.readouterr()
    assert SECRET not in printed.out + printed.err


async def test_whoever_is_killed_while_telling_has_told_at_least_once(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it was sent, and after it was sent and before that was written."""
    watch = HealthWatch(store)
    fall(watch, watch.verified())
    store.clock.advance(20)
    notices = store.installation.people.operator_notices
    assert len(notices.claim(limit=10)) == 1
    assert notices.claim(limit=10) == []
    store.clock.advance(LEASE.total_seconds())
    told = desk(store, receiver, "json://all")
    with monkeypatch.context() as patch:
        patch.setattr(type(notices), "record", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            await told.turn()
    await told.turn()
    assert len(receiver.heard) == 1
    store.clock.advance(LEASE.total_seconds())
    # Of two workers at once one tells.
    await asyncio.gather(told.turn(), desk(store, receiver, "json://all").turn())
    await told.turn()
    assert len(receiver.heard) == 2


async def test_maintenance_holds_what_an_operator_is_told(store: Store, receiver: Receiver) -> None:
    told = desk(store, receiver, "json://all")
    watch = HealthWatch(store)
    trunk = watch.verified()
    store.installation.people.maintenance.begin(timedelta(hours=1), domain="sip.carrier.example")
    fall(watch, trunk)
    store.clock.advance(60)
    await told.turn()
    assert receiver.heard == []
    store.clock.advance(3600)
    await told.turn()
    assert len(receiver.heard) == 1


@pytest.mark.parametrize("hours", [1, 47, 49, 72, 30 * 24])
@pytest.mark.parametrize("end", ["expired", "ended", "recovered"])
@pytest.mark.parametrize("is_followed", [True, False])
async def test_an_incident_is_told_when_maintenance_is_over_however_long_it_was(
    store: Store, receiver: Receiver, hours: int, end: str, is_followed: bool
) -> None:
    """Once, also where no worker looked meanwhile; what somebody ends before its time is over by that."""
    told = desk(store, receiver, "json://all")
    watch = HealthWatch(store)
    trunk = watch.verified()
    book = store.installation.people.maintenance
    (begun,) = book.begin(timedelta(hours=hours), trunk_id=trunk.id)
    fall(watch, trunk)
    if end == "recovered":
        rise(watch, trunk)
    left = hours * 3600 - (60 if end == "ended" else 0) - (store.clock() - STARTED).total_seconds()
    for _ in range(3 if is_followed else 1):
        store.clock.advance(left / (4 if is_followed else 2))
        await told.turn()
    assert receiver.heard == []
    store.clock.advance(left / (4 if is_followed else 2))
    if end == "ended":
        book.end(begun)
    for _ in range(2):
        await told.turn()
        store.clock.advance(60)
    assert len(receiver.heard) == 1


async def test_what_nobody_was_there_to_tell_is_no_news_after_two_days(
    store: Store, receiver: Receiver
) -> None:
    """Neither of an incident that nothing held, nor of one whose maintenance was over by then."""
    watch = HealthWatch(store)
    free, held = watch.verified(), watch.verified(domain="held.example")
    store.installation.people.maintenance.begin(timedelta(hours=72), trunk_id=held.id)
    fall(watch, free)
    store.clock.advance((72 + 49) * 3600)
    await desk(store, receiver, "json://all").turn()
    assert receiver.heard == []


@pytest.mark.parametrize("days_between", [0, 1, 5])
async def test_other_realms_are_news_with_the_third_proof(
    store: Store, receiver: Receiver, days_between: int
) -> None:
    told = desk(store, receiver, "json://all")
    watch = HealthWatch(store)
    for trunk in [watch.verified(name=f"Trunk {number}") for number in range(3)]:
        assert receiver.heard == []
        store.clock.advance(days_between * 86400)
        watch.verify(trunk, mismatch("b", Outcome.INCONCLUSIVE))
        follow(store)
        await told.turn()
    for _ in range(2):
        store.clock.advance(20)
        await told.turn()
    assert [body["type"] for body in receiver.told("/all")] == ["warning"]


@pytest.mark.parametrize(
    ("urls", "fault"),
    [
        (f"json://ok.example/ {SECRET}", "entry 2 is no address of Apprise"),
        (f"urgent=json://{SECRET}@ok.example", "entry 1 is no address of Apprise"),
    ],
)
def test_addresses_that_cannot_be_read_are_refused_unseen(
    store_settings: Settings, urls: str, fault: str
) -> None:
    with pytest.raises(SettingsInvalid, match=fault) as raised:
        load_settings(notify_urls=urls)
    assert SECRET not in str(raised.value)


def test_a_service_that_apprise_does_not_know_is_refused_unseen(store: Store, receiver: Receiver) -> None:
    with pytest.raises(SettingsInvalid, match="Apprise knows no service for entry 2") as raised:
        desk(store, receiver, "json://all", f"nonsense://{SECRET}")
    assert SECRET not in str(raised.value)
