"""What a test call found becomes the trunk's, and the infrastructure's: how numbers are written, and who calls."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from sipcheck.engine import Engine
from sipcheck.verification.calling.options import CallIdentity
from tests.observed import until
from tests.peers.call_peer import CallScript
from tests.peers.livekit.server import LiveKitServer
from tests.peers.udp_peer import Reply, UdpPeer
from tests.trunks.forms import Store
from tests.trunks.livekit_forms import with_livekit
from tests.trunks.provisions.installed import Installed
from tests.worker.test_killed_calls import maker_of
from trunks.installation.settings import Settings, load_settings
from trunks.rules.profile import CallingFormat
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


async def call(store: Store, settings: Settings, wish: CallWish, trunk_id: object) -> None:
    runs = store.installation.runs
    call_id = runs.calls.ask(store.caller, trunk_id, wish).id  # type: ignore[arg-type]
    async with Engine(settings.engine_settings()) as engine:
        desk = asyncio.create_task(CallDesk(runs.call_claims, maker_of(store)).run(engine))
        await until(lambda: runs.calls.done_among({call_id}) == {call_id})
        desk.cancel()
        await asyncio.gather(desk, return_exceptions=True)


async def test_form_and_caller_that_were_taken(
    make_store: Callable[[Settings], Store], tmp_path: Path
) -> None:
    """Found by trying, kept by `apply`, seen on the outbound side, and used by the next call of each kind."""
    settings = load_settings(
        data_dir=tmp_path / "var", allow_networks="127.0.0.0/8", verify_timeout_seconds=5.0
    )
    script = WantsItsOwnWay()
    with LiveKitServer() as server, UdpPeer(script) as peer:
        script.port = peer.port
        installed = Installed(make_store(with_livekit(settings, server)), server)
        store, catalog = installed.store, installed.store.installation.catalog
        store.installation.tenancy.tenants.change_calls(
            store.tenant, allow_test_calls=True, call_countries=["DE"]
        )
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
        await call(store, settings, CallWish(**{**tried.kept(), "called": TO, "apply": True}), trunk.id)
        assert store.installation.provisions.claims.claim(trunk.id) is None
        assert len(server.changes()) == changes
