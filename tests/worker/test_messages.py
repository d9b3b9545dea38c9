"""Messages sent to receivers of every kind: signed, judged, and none of them in another's way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from standardwebhooks import Webhook

from sipcheck.engine import Engine
from tests.observed import until
from tests.peers.asyncio_server import serving
from tests.trunks.forms import Store, store, store_settings
from tests.trunks.health_watch import HealthWatch
from tests.trunks.people.test_messages import OF_TRUNKS
from trunks.clock import utc_now
from trunks.errors import StoreUnavailable
from trunks.installation.settings import Settings
from trunks.people.deliveries import LEASE, Deliveries
from trunks.people.flip_follower import FlipFollower
from trunks.rules.delivery import DeliveryStatus, DisabledReason
from worker import store_turns
from worker.messages import message_desk
from worker.messages.message_desk import MessageDesk

__all__ = ["store", "store_settings"]

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

WAITING, DELIVERED, FAILED = DeliveryStatus

_ANSWERS = {
    "/ok": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/redirect": b"HTTP/1.1 302 Found\r\nLocation: /followed\r\nContent-Length: 0\r\n\r\n",
    "/500": b"HTTP/1.1 500 Sorry\r\nContent-Length: 0\r\n\r\n",
    "/429": b"HTTP/1.1 429 Slowly\r\nRetry-After: 7200\r\nContent-Length: 0\r\n\r\n",
    "/410": b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n",
    "/large": b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b"a" * 2_000_000,
    "/not-http": b"SIP/2.0 200 OK\r\n\r\n",
}


@dataclass
class Receivers:
    """One server that answers by path; `/slow` never does."""

    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        async with serving(self._answer) as self.port:
            yield

    def bodies(self, path: str) -> list[bytes]:
        return [body for at, _, body in self.heard if at == path]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError, asyncio.IncompleteReadError):  # whoever asked has gone
            if await reader.readexactly(1) != b"P":
                return
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            length = int({name.lower(): value for name, value in headers.items()}["content-length"])
            path = first.split(" ")[1]
            self.heard.append((path, headers, await reader.readexactly(length)))
            if path == "/slow":
                await reader.read()
            writer.write(_ANSWERS.get(path, _ANSWERS["/ok"]))
            await writer.drain()


@asynccontextmanager
async def working(store: Store) -> AsyncIterator[None]:
    # Receivers refuse what was signed long ago.
    store.clock.now = utc_now()
    settings = store.installation.settings.engine_settings()
    async with Engine(settings) as engine:
        desk = asyncio.create_task(MessageDesk(store.installation).run(engine))
        try:
            yield
        finally:
            desk.cancel()
            await asyncio.gather(desk, return_exceptions=True)


@pytest.fixture
def local(make_store: Callable[[Settings], Store], store_settings: Settings) -> Store:
    networks = Settings(allow_networks="127.0.0.0/8").allow_networks
    store = make_store(store_settings.model_copy(update={"allow_networks": networks}))
    store.clock.now = utc_now() - timedelta(minutes=10)
    return store


def make(store: Store, url: str) -> Any:
    return store.installation.people.endpoints.create(
        store.caller, url=url, events=OF_TRUNKS, description=None, enabled=True
    )


def deliveries(store: Store, made: Any) -> list[Any]:
    return list(store.installation.people.endpoints.deliveries(store.caller, made.endpoint.id, limit=10))


def was_tried(store: Store, made: Any) -> bool:
    return [each.tries for each in deliveries(store, made)] == [1]


async def test_every_receiver_gets_what_it_deserves(local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_desk, "TRY_SECONDS", 1.0)
    receivers = Receivers()
    async with receivers.serving():
        at = f"http://127.0.0.1:{receivers.port}"
        rows = [
            (f"{at}/ok", DELIVERED, 204, None, None),
            (f"{at}/large", DELIVERED, 200, None, None),
            (f"{at}/redirect", WAITING, 302, None, None),
            (f"{at}/500", WAITING, 500, None, None),
            (f"{at}/429", WAITING, 429, None, None),
            (f"{at}/410", FAILED, 410, None, DisabledReason.GONE),
            (f"{at}/not-http", WAITING, None, "not-http", None),
            (f"{at}/slow", WAITING, None, "timeout", None),
            ("http://127.0.0.1:1/", WAITING, None, "port-forbidden", None),
            ("https://10.1.2.3/", WAITING, None, "address-forbidden", None),
        ]
        made = [(make(local, url), *expected) for url, *expected in rows]
        second = Store(local.installation, local.clock, tenant="second")
        more = [
            (make(second, f"https://127.0.0.1:{receivers.port}/tls"), WAITING, None, "tls", None),
            # Plain HTTP to whom the operator did not name.
            (make(second, "http://192.0.9.1/"), WAITING, None, "plain-http", None),
        ]
        for tenant in (local, second):
            HealthWatch(tenant).verified()
        async with working(local):
            for tenant, all_of in ((local, made), (second, more)):
                for each, *_ in all_of:
                    await until(partial(was_tried, tenant, each))
        for tenant, all_of in ((local, made), (second, more)):
            for each, status, last_status, last_error, disabled in all_of:
                (found,) = deliveries(tenant, each)
                assert (found.status, found.last_status, found.last_error) == (
                    status,
                    last_status,
                    last_error,
                ), each.endpoint.url
                endpoint = local.installation.people.endpoints.get(tenant.caller, each.endpoint.id)
                assert (endpoint.disabled_reason, endpoint.claim_id) == (disabled, None)
        (waiting,) = deliveries(local, made[4][0])
        assert (waiting.next_try_at - local.clock.now).total_seconds() == pytest.approx(7200, abs=60)
        assert not receivers.bodies("/followed")
        (_, headers, body) = next(each for each in receivers.heard if each[0] == "/ok")
        event = Webhook(made[0][0].secret).verify(body, headers)
        assert (event["type"], event["data"]["is_verified"]) == ("trunk.verified", True)
        assert headers["webhook-id"] == f"msg_{deliveries(local, made[0][0])[0].message_id.hex}"


async def test_in_order_at_least_once_and_past_a_slow_one(
    local: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker is ended while it sends; the next one goes on, and the slow endpoint keeps nobody waiting."""
    receivers = Receivers()
    async with receivers.serving():
        at = f"http://127.0.0.1:{receivers.port}"
        slow, quick = make(local, f"{at}/slow"), make(local, f"{at}/ok")
        watch = HealthWatch(local)
        trunks = [watch.verified(), watch.verified(name="Second")]
        for alive in (False, False, False, True, True):
            watch.cycle(alive=alive)
        async with working(local):
            await until(lambda: receivers.bodies("/slow"))
        # It was broken off, and what it had was given back.
        assert {each.status for each in deliveries(local, slow)} == {WAITING}
        async with working(local):
            await until(lambda: [each.status for each in deliveries(local, quick)] == [DELIVERED] * 6)
            assert {each.status for each in deliveries(local, slow)} == {WAITING}
        # Two secrets sign for a day, and the former alone is no secret of anyone's afterwards.
        rotated = local.installation.people.endpoints.rotate(local.caller, quick.endpoint.id)
        local.installation.people.endpoints.test(local.caller, quick.endpoint.id)
        async with working(local):
            await until(lambda: deliveries(local, quick)[0].status is DELIVERED)
    heard = [
        Webhook(quick.secret).verify(body, headers)
        for path, headers, body in receivers.heard
        if path == "/ok"
    ]
    _, headers, body = [each for each in receivers.heard if each[0] == "/ok"][-1]
    assert Webhook(rotated.secret).verify(body, headers)["type"] == "webhook.test"
    for trunk in trunks:
        told = [each["data"] for each in heard if each["data"].get("trunk_id") == str(trunk.id)]
        assert list(dict.fromkeys(each["sequence"] for each in told)) == [1, 2, 3]


@pytest.mark.parametrize("after", [False, True], ids=["before it is done", "after it is done"])
@pytest.mark.parametrize(
    ("of", "step"), [(FlipFollower, "turn"), (Deliveries, "claim"), (Deliveries, "record")]
)
async def test_a_store_that_goes_away_in_the_middle_loses_no_message(
    local: Store, monkeypatch: pytest.MonkeyPatch, of: type, step: str, after: bool
) -> None:
    """As for a worker that is killed there: what it had is another's when the lease is over."""
    monkeypatch.setattr(store_turns, "_STORE_AWAY_SECONDS", 0.1)
    done, gone = getattr(of, step), list[bool]()

    def fails_once(self: Any, *given: Any, **named: Any) -> Any:
        found = done(self, *given, **named) if after or gone else None
        # A turn in which there was nothing to do loses nothing.
        if not gone and (found or not after):
            gone.append(True)
            raise StoreUnavailable
        return found

    receivers = Receivers()
    async with receivers.serving():
        made = make(local, f"http://127.0.0.1:{receivers.port}/ok")
        HealthWatch(local).verified()
        monkeypatch.setattr(of, step, fails_once)
        async with working(local):
            await until(lambda: gone)
            local.clock.advance(LEASE.total_seconds() + 1)
            await until(lambda: [each.status for each in deliveries(local, made)] == [DELIVERED])
    names = {headers["webhook-id"] for _, headers, _ in receivers.heard}
    assert len(names) == 1
    assert len(receivers.heard) <= 2
