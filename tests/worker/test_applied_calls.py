"""What a test call found becomes the trunk's, and the infrastructure's; and a call is the trunk's own: by the media of
its profile, and in its turn at the carrier's address.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sipcheck.engine import Engine
from sipcheck.verification.calling.numbers import NumberFormat
from sipcheck.verification.calling.options import CallIdentity
from tests.observed import insist, until
from tests.peers.call_peer import CallScript
from tests.peers.livekit.server import LiveKitServer
from tests.peers.udp_peer import Reply, UdpPeer
from tests.trunks.forms import Store
from tests.trunks.livekit_forms import with_livekit
from tests.trunks.provisions.installed import Installed
from tests.worker.test_killed_calls import maker_of
from trunks.installation.settings import Settings, load_settings
from trunks.rules.profile import PLAIN, CallingFormat
from trunks.runs.calls.wish import CallWish
from worker.runs.call_desk import CallDesk

DID, TO = "+493012345678", "+4930123456"


class WantsItsOwnWay(CallScript):
    """Takes calls of its user alone (livekit/sip#333), for numbers without a plus."""

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        if request.startswith(b"INVITE"):
            by_user = b"\r\nFrom: <sip:alice@" in request
            bare = request.startswith(f"INVITE sip:{TO[1:]}@".encode())
            refused = ((404, "Not Found"),) if by_user else ((403, "Forbidden"),)
            self.answers = ((180, "Ringing"),) if by_user and bare else refused
        return super().__call__(request)


def allowed(store: Store) -> Store:
    store.installation.tenancy.tenants.change_calls(
        store.tenant, allow_test_calls=True, call_countries=["DE"]
    )
    return store


@pytest.fixture
def calling(make_store: Callable[[Settings], Store], tmp_path: Path) -> tuple[Store, Settings]:
    settings = load_settings(data_dir=tmp_path / "var", allow_networks="127.0.0.0/8")
    return allowed(make_store(settings)), settings


async def call(store: Store, settings: Settings, wish: CallWish, trunk_id: UUID, **given: Any) -> None:
    runs = store.installation.runs
    call_id = insist(runs.calls.ask, store.caller, trunk_id, wish).id
    async with Engine(settings.engine_settings()) as engine:
        maker = replace(maker_of(store), **given)
        desk = asyncio.create_task(CallDesk(runs.call_claims, maker).run(engine))
        await until(lambda: runs.calls.done_among({call_id}) == {call_id})
        desk.cancel()
        await asyncio.gather(desk, return_exceptions=True)


async def test_form_and_caller_that_were_taken(
    make_store: Callable[[Settings], Store], tmp_path: Path
) -> None:
    """Found by trying, kept by `apply`, seen on the outbound side, and used by the next call of each kind."""
    # Three calls in a row of several attempts are more than the pace of an address gives.
    settings = load_settings(
        data_dir=tmp_path / "var", allow_networks="127.0.0.0/8", address_rate=0.0, knocks="0"
    )
    script = WantsItsOwnWay()
    with LiveKitServer() as server, UdpPeer(script) as peer:
        script.port = peer.port
        installed = Installed(make_store(with_livekit(settings, server)), server)
        store, catalog = installed.store, installed.store.installation.catalog
        allowed(store)
        trunk = installed.make_trunk(DID, domain="127.0.0.1", port=peer.port)
        await installed.work(trunk)
        (side,) = server.outbound.values()
        assert (list(side.numbers), dict(side.headers)) == ([DID], {})
        tried = CallWish(called=TO, format=None, identity=None, ring_seconds=5.0)
        for apply, form, identity in (
            (False, CallingFormat.PLUS_E164, CallIdentity.NUMBER),
            (True, CallingFormat.E164, CallIdentity.USERNAME),
        ):
            wish = CallWish(**{**tried.kept(), "called": TO, "apply": apply})
            await call(store, settings, wish, trunk.id)
            profile = catalog.views.get(store.caller, trunk.id).profile
            assert (profile.calling_format, profile.caller_identity) == (form, identity)
        await installed.work(trunk)
        (side,) = server.outbound.values()
        assert list(side.numbers) == ["alice"]
        assert dict(side.headers) == {"P-Preferred-Identity": f"<sip:{DID}@127.0.0.1>"}
        # Nothing is asked of the infrastructure where a call finds what is so already.
        changes = len(server.changes())
        found = CallWish(
            called=TO,
            format=NumberFormat.E164,
            identity=CallIdentity.USERNAME,
            ring_seconds=0.5,
            apply=True,
        )
        await call(store, settings, found, trunk.id)
        assert store.installation.provisions.claims.claim(trunk.id) is None
        assert len(server.changes()) == changes


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({}, ("RTP/AVP 0 8 101",)),
        ({"allow": "alaw,ulaw"}, ("RTP/AVP 8 0 101",)),
        ({"allow": "alaw", "disallow": "all"}, ("RTP/AVP 8 101",)),
        # None that we speak: what we have is offered, and the report says what that was.
        ({"allow": "g722", "disallow": "all"}, ("RTP/AVP 0 8 101",)),
    ],
    ids=lambda given: "-".join(map(str, given)),
)
async def test_the_media_of_the_profile_is_offered(
    given: dict[str, Any], lines: tuple[str, ...], calling: tuple[Store, Settings]
) -> None:
    store, settings = calling
    script = CallScript(answers=((486, "Busy"),))
    with UdpPeer(script) as peer:
        profile = replace(PLAIN, **given)
        trunk = store.make_trunk(domain="127.0.0.1", port=peer.port, profile=profile)
        await call(store, settings, CallWish(called=TO), trunk.id)
    body = script.of("INVITE")[0].decode()
    assert all(line in body for line in lines), body


async def test_a_call_has_its_turn_at_the_address(
    make_store: Callable[[Settings], Store], tmp_path: Path
) -> None:
    """It takes of the pace what it sends; where too little is left it waits, and is not made if that is too long."""
    paced = {"address_rate": 0.01, "address_burst": 6, "address_concurrency": 0, "knocks": "0"}
    settings = load_settings(data_dir=tmp_path / "var", allow_networks="127.0.0.0/8", **paced)
    store = allowed(make_store(settings))
    script = CallScript(answers=((486, "Busy"),))
    with UdpPeer(script) as peer:
        trunk = store.make_trunk(domain="127.0.0.1", port=peer.port)
        for number in ("6", "7"):
            await call(
                store, settings, CallWish(called=f"+493012345{number}"), trunk.id, patience_seconds=1.0
            )
        runs = store.installation.runs.calls
        found = list(runs.page(store.caller, trunk.id, limit=5))
    assert [each.reason for each in found] == ["overloaded", "call-busy"]
    unmade = runs.get(store.caller, trunk.id, found[0].id).report or {}
    assert (unmade["cause"], unmade["party"], unmade["outcome"]) == ("no-turn", "ours", "inconclusive")
    assert "was not made" in (found[0].summary or "")
    assert script.methods() == ["INVITE", "ACK", "INVITE", "ACK"]


async def test_an_address_that_rests_is_not_called(
    make_store: Callable[[Settings], Store], tmp_path: Path
) -> None:
    """Passwords that were refused there stand against the next call as against a verification."""
    settings = load_settings(
        data_dir=tmp_path / "var", allow_networks="127.0.0.0/8", knocks="2/30/80", address_rate=0.0
    )
    store = allowed(make_store(settings))
    script = CallScript(answers=((403, "Forbidden"),))
    with UdpPeer(script) as peer:
        trunk = store.make_trunk(domain="127.0.0.1", port=peer.port)
        for number in ("6", "7"):
            await call(store, settings, CallWish(called=f"+493012345{number}"), trunk.id)
        runs = store.installation.runs.calls
        last, first = runs.page(store.caller, trunk.id, limit=5)
    assert (first.reason, last.reason) == ("call-forbidden", "address-resting")
    assert len(script.of("INVITE")) == 2
