"""A store and its LiveKit, with the worker's part done by hand."""

from typing import Any

from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.trunks.forms import Store
from trunks.catalog.new_trunk import NewNumber
from trunks.models.trunk import Trunk
from trunks.provisions.reconciliation import Judgement
from trunks.voice.livekit import LiveKit
from trunks.voice.provision_trunk import provision, remove
from trunks.voice.sides import ExistingSide, SideIds

NUMBER = "+14155551234"


class Installed:
    """A store and its LiveKit, with the worker's part done by hand."""

    def __init__(self, store: Store, server: LiveKitServer) -> None:
        self.store = store
        self.server = server
        self.reconciliation = store.installation.provisions.reconciliation
        self.mark = self.reconciliation.mark()

    def make_trunk(self, number: str = NUMBER, **given: Any) -> Trunk:
        trunk = self.store.make_trunk(wanted=True, **given)
        self.store.installation.catalog.numbers.add(self.store.caller, trunk.id, NewNumber(number=number))
        self.store.provision(trunk.id)
        return trunk

    def livekit(self) -> LiveKit:
        return LiveKit(self.server.url, API_KEY, API_SECRET, mark=self.mark)

    async def work(self, trunk: Trunk) -> SideIds:
        """Do what is asked for a trunk."""
        claims = self.store.installation.provisions.claims
        claim = claims.claim(trunk.id)
        assert claim is not None
        livekit = self.livekit()
        ids = SideIds()
        try:
            if claim.blueprint is None:
                await remove(livekit, trunk.id, claim.known)
            else:
                ids = await provision(
                    livekit, claim.blueprint.desired(self.store.installation.secrets), claim.known
                )
        finally:
            await livekit.close()
        claims.finish(claim, ids)
        return ids

    async def existing(self) -> list[ExistingSide]:
        livekit = self.livekit()
        existing = list(await livekit.read_all())
        await livekit.close()
        return existing

    async def judge(self) -> Judgement:
        """Read back and compare, a second later than what was done before."""
        self.store.clock.advance(1)
        read_at = self.store.clock()
        return self.reconciliation.judge(await self.existing(), read_at=read_at)
