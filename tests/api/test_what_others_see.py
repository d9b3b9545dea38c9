"""What a tenant sees of an incident is what he would see if he were alone there, field by field.

One story is told three times: of us alone, beside one other tenant, and beside five. Theirs fall before ours and end
after ours, at names of their own behind the same edge, by health, by verdict and by realm. A field that comes in fails
here until it is put into a table, and then until it is the same in all three or judged to be otherwise.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, fields
from difflib import unified_diff
from typing import Any

import pytest
from sqlalchemy import select

from sipcheck.reasons import CredentialState, Outcome
from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor
from tests.api.everything import AUTOCALLS, BOLNA, TALKOVER
from tests.trunks.forms import PASSWORD, Store, make_report
from tests.trunks.health_watch import LONG_ENOUGH_SECONDS, HealthWatch
from tests.trunks.people.test_incidents import REJECTED, follow, mismatch
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk
from trunks.models.webhook import WebhookMessage
from trunks.people.failed_requests import FailedRequest
from trunks.people.incident_view import IncidentView
from trunks.rules.events import EventFacts

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

EDGE = "192.0.2.1"
PROVEN = make_report(credentials=CredentialState.PROVEN)
UUIDS = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
OF_OTHERS = re.compile(r" Of others, about \d+ of about \d+ were\.")

# Of an incident as the API shows it: whether it is the same whoever else is concerned, or rounded.
SAME, ROUNDED = "same", "rounded, and from five tenants on"
SHOWN = {
    "id": SAME,
    "opened_at": SAME,
    "closed_at": SAME,
    "reason": SAME,
    "cause": SAME,
    "changed.what": SAME,
    "changed.before": SAME,
    "changed.after": SAME,
    "changed.sentence": SAME,
    "concerned.trunks": SAME,
    "concerned.of": SAME,
    "elsewhere.about": ROUNDED,
    "elsewhere.of_about": ROUNDED,
    "timeline.at": SAME,
    "timeline.event": SAME,
    "timeline.trunk_id": SAME,
}
# What the console's pages and the letter are made from.
VIEW = {"id", "opened_at", "closed_at", "reason", "cause", "changed", "trunks", "of", "elsewhere", "timeline"}
REQUEST = {"at", "edge", "call_id"}
# Of a message's data; each is compared below, in all messages that were written.
TOLD_OF_A_TRUNK = {
    "trunk_id",
    "name",
    "reason",
    "cause",
    "party",
    "summary",
    "advice",
    "verification_id",
    "certificate_expires_at",
}
TOLD = TOLD_OF_A_TRUNK | {"is_verified", "is_active", "health_status", "sequence", "incident_id"}


def test_each_field_of_an_incident_was_judged(store_settings: Settings, schemas: Mapping[str, Any]) -> None:
    assert set(leaves(schemas, "IncidentShown")) == set(SHOWN)
    assert {each.name for each in fields(IncidentView)} == VIEW
    assert {each.name for each in fields(FailedRequest)} == REQUEST
    assert {each.name for each in fields(EventFacts)} == TOLD_OF_A_TRUNK


@pytest.fixture
def schemas(api: ApiUnderTest) -> Mapping[str, Any]:
    found: Mapping[str, Any] = api.app.openapi()["components"]["schemas"]
    return found


def leaves(schemas: Mapping[str, Any], name: str, before: str = "") -> list[str]:
    """Name the fields of a schema, those of its parts behind a point."""
    found = []
    for each, schema in schemas[name]["properties"].items():
        inner = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schema))
        parts = [leaf for part in inner for leaf in leaves(schemas, part, f"{before}{each}.")]
        found += parts or [f"{before}{each}"]
    return found


@dataclass
class World:
    """Us, with three trunks, and so many others with one at our carrier and one at a name of their own."""

    api: ApiUnderTest
    others: int
    foreign: list[Store] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = self.api.store
        self.watch = HealthWatch(self.store)
        self.endpoint = self.store.installation.people.endpoints.create(
            self.store.caller, url="https://example.com/", events=None, description=None, enabled=True
        )
        self.ours = [self.watch.verified(PROVEN, name=f"Ours {number}") for number in range(3)]
        self.foreign = [
            Store(self.store.installation, self.store.clock, tenant=f"hidden {number}")
            for number in range(self.others)
        ]
        self.theirs = [
            (HealthWatch(each), HealthWatch(each).verified(PROVEN, name="Hidden", **place))
            for number, each in enumerate(self.foreign)
            for place in ({}, {"domain": f"hidden{number}.example"})
        ]
        follow(self.store)

    def check(self, *, ours: bool, theirs: bool) -> None:
        self.store.clock.advance(LONG_ENOUGH_SECONDS)
        for claim in self.watch.claim():
            lives = ours if claim.domain == "sip.carrier.example" else theirs
            self.watch.settle([claim], alive=lives, edge_addresses=(EDGE,))
        follow(self.store)

    def fall_by_health(self) -> None:
        for ours, theirs in ((True, True), (True, False), (False, False), (False, False), (False, False)):
            self.check(ours=ours, theirs=theirs)
        for _ in range(2):
            self.check(ours=True, theirs=False)
        self.check(ours=True, theirs=False)

    def fall_by_verdict(self) -> None:
        self.store.clock.advance(3600)
        for watch, trunk in self.theirs:
            watch.verify(trunk, REJECTED)
        follow(self.store)
        self.store.clock.advance(60)
        self.watch.verify(self.ours[0], REJECTED)
        follow(self.store)
        self.store.clock.advance(60)
        self._mend(self.ours[0])

    def fall_by_realm(self) -> None:
        self.store.clock.advance(3600)
        for watch, trunk in self.theirs:
            watch.verify(trunk, mismatch("theirs", Outcome.INCONCLUSIVE))
        follow(self.store)
        self.store.clock.advance(60)
        # With the first of them already, where five tenants are concerned; all of them are of one moment here.
        for trunk in self.ours:
            self.watch.verify(trunk, mismatch("b", Outcome.INCONCLUSIVE))
        follow(self.store)
        for trunk in self.ours:
            self._mend(trunk)

    def _mend(self, trunk: Trunk) -> None:
        edits = self.store.installation.catalog.updates
        edits.apply(self.store.caller, trunk.id, lambda _: TrunkEdit(password=PASSWORD + "!"))
        self.watch.verify(trunk, PROVEN)
        follow(self.store)

    def messages(self) -> list[dict[str, Any]]:
        query = (
            select(WebhookMessage.body)
            .where(WebhookMessage.environment_id == self.store.caller.environment_id)
            .order_by(WebhookMessage.id)
        )
        with self.store.installation.database.read() as session:
            return [json.loads(body) for body in session.scalars(query)]

    async def told(self) -> dict[str, str]:
        """Give everything that we may look at."""
        found = {"messages": json.dumps(self.messages(), indent=1)}
        incidents = await self._get("/api/v1/incidents")
        log = f"/api/v1/webhook-endpoints/{self.endpoint.endpoint.id}/deliveries?limit=100"
        for name, path in (("log", log), ("bolna", BOLNA), ("autocalls", AUTOCALLS)):
            found[name] = json.dumps(await self._get(path), indent=1)
        for of in ("true", "false"):
            found[of] = json.dumps(await self._get(f"/api/v1/incidents?open={of}"), indent=1)
        for number, incident in enumerate(incidents["data"]):
            path = f"/api/v1/incidents/{incident['id']}"
            found[f"incident {number}"] = json.dumps(await self._get(path), indent=1)
            found[f"letter {number}"] = (await self.api.client.get(f"{path}/letter")).text
        for number, trunk in enumerate(self.ours):
            for part in ("", "/incidents", "/events", "/health/history", "/verifications"):
                path = f"{TALKOVER}/{trunk.id}{part}"
                found[f"trunk {number}{part}"] = json.dumps(await self._get(path), indent=1)
        return found | await self._pages([each["id"] for each in incidents["data"]])

    async def _get(self, path: str) -> Any:
        answer = await self.api.client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    async def _pages(self, incident_ids: list[str]) -> dict[str, str]:
        paths = ["/console/incidents", "/console/incidents?show=open", "/console/carriers", "/console/trunks"]
        paths += [f"/console/incidents/{each}" for each in incident_ids]
        paths += [f"/console/trunks/{trunk.id}" for trunk in self.ours]
        async with Visitor(self.api) as visitor:
            await visitor.sign_in()
            found = {}
            for number, path in enumerate(paths):
                assert (await visitor.open(path)).status_code == 200, path
                found[f"page {number}"] = visitor.text
            return found


def plain(text: str) -> str:
    """Give ids by the order in which they come, and without what is judged to be of others."""
    names: dict[str, str] = {}
    text = OF_OTHERS.sub("", UUIDS.sub(lambda found: names.setdefault(found[0], f"id {len(names)}"), text))
    return re.sub(r'"elsewhere": (null|\{[^}]*\})', '"elsewhere": judged', text)


def otherwise(name: str, alone: str, told: str) -> list[str]:
    """Say what differs, by the lines of JSON and the words of pages."""
    before, after = [re.split(r"\n|  +|(?<=[.:]) ", plain(each)) for each in (alone, told)]
    found = unified_diff(before, after, fromfile=name, n=0, lineterm="")
    return [each for each in found if not each.startswith("@@")]


@pytest.fixture
async def world(
    make_store: Callable[[Settings], Store],
    store_settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Callable[[int], Any]]:
    async with AsyncExitStack() as stack:

        async def make(others: int) -> World:
            settings = store_settings.model_copy(
                update={"data_dir": tmp_path_factory.mktemp("store") / "var"}
            )
            api = ApiUnderTest(make_store(settings))
            await stack.enter_async_context(api.app.router.lifespan_context(api.app))
            await stack.enter_async_context(api.client)
            return World(api, others)

        yield make


async def test_others_change_nothing_of_what_a_tenant_sees(world: Callable[[int], Any]) -> None:
    worlds = [await world(others) for others in (0, 1, 5)]
    for each in worlds:
        each.fall_by_health()
        each.fall_by_verdict()
        each.fall_by_realm()
    alone, *beside = [await each.told() for each in worlds]
    assert "incident.closed" in alone["messages"]
    assert {message["type"] for message in worlds[0].messages()} >= {"incident.opened", "incident.closed"}
    assert {name for each in worlds for message in each.messages() for name in message["data"]} <= TOLD
    for told in beside:
        assert told.keys() == alone.keys()
        differing = [line for name in told for line in otherwise(name, alone[name], told[name])]
        assert not differing, "\n".join(differing)
        assert not any("idden" in text for text in told.values())
    for each, elsewhere in zip(worlds, (None, None, {"about": 10, "of_about": 10}), strict=True):
        shown = (await each.api.client.get("/api/v1/incidents")).json()["data"]
        assert [incident["elsewhere"] for incident in shown] == [elsewhere] * 3
