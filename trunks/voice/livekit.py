"""LiveKit as the voice infrastructure, through the official client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import KW_ONLY, dataclass
from typing import Any

from livekit.api import LiveKitAPI
from livekit.api.sip_service import SipService
from livekit.protocol.models import Pagination
from livekit.protocol.sip import (
    CreateSIPInboundTrunkRequest,
    CreateSIPOutboundTrunkRequest,
    DeleteSIPTrunkRequest,
    ListSIPDispatchRuleRequest,
    ListSIPInboundTrunkRequest,
    ListSIPOutboundTrunkRequest,
    SIPInboundTrunkInfo,
    SIPOutboundTrunkInfo,
)

from sipcheck.diagnosis.inbound.standing import DispatchRule, Standing
from trunks.rules.media import Encryption, Media
from trunks.voice.livekit_errors import NotThere, nonsense, translated
from trunks.voice.livekit_messages import TrunkInfo, read_content, read_side, write_side
from trunks.voice.livekit_standing import read_rule, read_trunk
from trunks.voice.provisioner import FailureCause, ProvisioningFailed
from trunks.voice.sides import ExistingSide, InboundSide, SideContent, SideOwner, differing, plain_number

CALL_TIMEOUT_SECONDS = 4.0
_TRUNKS_PER_PAGE = 500
# Nobody's: who asks by it is given the trunks without numbers alone.
_NO_NUMBER = "+0"


@dataclass(slots=True, eq=False, repr=False)
class LiveKit:
    """One client for the event loop that it is first used on; `mark` is how this installation knows its trunks."""

    url: str
    api_key: str
    api_secret: str
    _: KW_ONLY
    mark: str
    call_timeout_seconds: float = CALL_TIMEOUT_SECONDS
    keeps_media: bool | None = None
    _client: LiveKitAPI | None = None

    async def find(self, *, ids: Collection[str], numbers: Collection[str]) -> Sequence[ExistingSide]:
        """Ask for the ids and for the numbers, in either spelling, at once."""
        spellings = sorted(
            {form for number in numbers for form in (f"+{plain_number(number)}", plain_number(number))}
        )
        questions: list[dict[str, Any]] = []
        if ids:
            questions.append({"trunk_ids": sorted(ids)})
        if spellings:
            questions.append({"numbers": spellings})
        asked = (
            call for question in questions for call in (self._inbound(**question), self._outbound(**question))
        )
        answers = await asyncio.gather(*asked)
        found = {info.sip_trunk_id: info for infos in answers for info in infos}
        return [read_side(info, self.mark) for info in found.values()]

    async def read_all(self) -> Sequence[ExistingSide]:
        """Ask page by page; a server that knows no pages gives all at once."""
        sides = await asyncio.gather(self._all_of(self._inbound), self._all_of(self._outbound))
        return [read_side(info, self.mark) for infos in sides for info in infos]

    async def standing(self, *, ids: Collection[str] | None, called: str) -> Standing:
        """Ask for the ids, for the number, which gives the trunks without numbers too, and for all rules."""
        asked: list[Awaitable[Sequence[TrunkInfo]]] = [self._inbound(numbers=[called or _NO_NUMBER])]
        if ids is None:
            asked.append(self._all_of(self._inbound))
        elif ids:
            asked.append(self._inbound(trunk_ids=sorted(ids)))
        rules, answers = await asyncio.gather(self._rules(), asyncio.gather(*asked))
        found = {
            info.sip_trunk_id: read_trunk(info)
            for infos in answers
            for info in infos
            if isinstance(info, SIPInboundTrunkInfo)
        }
        return Standing(trunks=tuple(found.values()), rules=rules)

    async def create(self, owner: SideOwner, content: SideContent) -> str:
        """Create; fails where LiveKit keeps something else than it was given: the caller takes that away again."""
        made: TrunkInfo
        async with self._sip() as sip:
            if isinstance(content, InboundSide):
                inbound = SIPInboundTrunkInfo()
                write_side(inbound, owner, content, self.mark)
                made = await sip.create_inbound_trunk(CreateSIPInboundTrunkRequest(trunk=inbound))
            else:
                outbound = SIPOutboundTrunkInfo()
                write_side(outbound, owner, content, self.mark)
                made = await sip.create_outbound_trunk(CreateSIPOutboundTrunkRequest(trunk=outbound))
        if not made.sip_trunk_id:
            raise nonsense(self.url, "it created a trunk and gave no id")
        self._require_kept(made, content)
        return made.sip_trunk_id

    async def update(self, side_id: str, owner: SideOwner, content: SideContent) -> None:
        """Replace the whole, with our fields changed: an update by fields cannot empty a list."""
        ask = self._inbound if isinstance(content, InboundSide) else self._outbound
        info = next((each for each in await ask(trunk_ids=[side_id]) if each.sip_trunk_id == side_id), None)
        if info is None:
            raise NotThere(FailureCause.REFUSED, f"LiveKit at {self.url} has no trunk {side_id} any more.")
        write_side(info, owner, content, self.mark)
        kept: TrunkInfo
        async with self._sip() as sip:
            if isinstance(info, SIPInboundTrunkInfo):
                kept = await sip.update_inbound_trunk(side_id, info)
            else:
                kept = await sip.update_outbound_trunk(side_id, info)
        if kept.sip_trunk_id != side_id:
            raise nonsense(self.url, f"it updated {side_id} and answered with {kept.sip_trunk_id or 'no id'}")
        self._require_kept(kept, content)

    async def delete(self, side_id: str) -> None:
        with suppress(NotThere):
            async with self._sip() as sip:
                await sip.delete_trunk(DeleteSIPTrunkRequest(sip_trunk_id=side_id))

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _all_of(self, ask: Callable[..., Awaitable[Sequence[TrunkInfo]]]) -> list[TrunkInfo]:
        found: dict[str, TrunkInfo] = {}
        while True:
            page = await ask(page=Pagination(after_id=max(found, default=""), limit=_TRUNKS_PER_PAGE))
            fresh = {info.sip_trunk_id: info for info in page if info.sip_trunk_id not in found}
            if not fresh:
                return list(found.values())
            found |= fresh

    async def _inbound(self, **question: Any) -> Sequence[TrunkInfo]:
        async with self._sip() as sip:
            return list((await sip.list_inbound_trunk(ListSIPInboundTrunkRequest(**question))).items)

    async def _rules(self) -> tuple[DispatchRule, ...]:
        async with self._sip() as sip:
            return tuple(map(read_rule, (await sip.list_dispatch_rule(ListSIPDispatchRuleRequest())).items))

    async def _outbound(self, **question: Any) -> Sequence[TrunkInfo]:
        async with self._sip() as sip:
            return list((await sip.list_outbound_trunk(ListSIPOutboundTrunkRequest(**question))).items)

    def _require_kept(self, info: TrunkInfo, content: SideContent) -> None:
        """A version that does not know a field loses it, and a lost allow-list admits everyone."""
        kept = read_content(info)
        if "media" not in content.left:
            self.keeps_media = kept.media == content.media
            self._require_encryption(kept.media, content.media)
        # A password may be kept without being shown.
        dropped = [name for name in differing(content, kept) if name not in ("auth_password", "media")]
        if dropped:
            raise ProvisioningFailed(
                FailureCause.REFUSED,
                f"LiveKit at {self.url} did not keep what it was told: {', '.join(dropped)} differ.",
            )

    def _require_encryption(self, kept: Media, wanted: Media) -> None:
        """Lost codecs are others than were asked for; lost encryption sends in the clear what was to be secret."""
        if wanted.encryption is Encryption.REQUIRE is not kept.encryption:
            raise ProvisioningFailed(
                FailureCause.NO_WAY,
                f"LiveKit at {self.url} does not keep what media encryption it is told, so that calls would go "
                "unencrypted; set `media_encryption` to `no`, or let the operator update LiveKit.",
                "Calls cannot be encrypted on this platform; set `media_encryption` to `no`, or ask whoever runs it.",
            )

    @asynccontextmanager
    async def _sip(self) -> AsyncIterator[SipService]:
        async with translated(self.url, self.call_timeout_seconds):
            if self._client is None:
                # No failover: it would send a creation again, and there would be two trunks.
                self._client = LiveKitAPI(self.url, self.api_key, self.api_secret, failover=False)
            yield self._client.sip
