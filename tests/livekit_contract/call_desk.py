"""Calls asked of LiveKit with the trunk inside the request, and a line for each request that a peer heard."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration
from livekit.api import ServerError
from livekit.protocol.room import DeleteRoomRequest, DeleteRoomResponse
from livekit.protocol.sip import (
    CreateSIPOutboundTrunkRequest,
    CreateSIPParticipantRequest,
    DeleteSIPTrunkRequest,
    SIPOutboundConfig,
    SIPOutboundTrunkInfo,
    SIPParticipantInfo,
    SIPTrunkInfo,
)

from tests.livekit_contract.installation import Installation
from tests.livekit_contract.sip_peer import Heard, SipPeer
from tests.peers.dns_server import DnsServer

NUMBER, CALLED = "+14155551234", "+442071234567"

_END_WITHIN_SECONDS, _POLL_SECONDS = 5.0, 0.01

# What stands in the trunk inside a request; headers stand in the request.
_TRUNK_FIELDS = ("hostname", "transport", "auth_username", "auth_password", "from_host")

Tell = Callable[[Heard], Sequence[str]]


def shortly(heard: Heard) -> Sequence[str]:
    """Tell the request line, and Route where there is one."""
    line = heard.text.partition("\r\n")[0].removesuffix(" SIP/2.0")
    return [line, *(f"Route: {value}" for value in heard.header("Route"))]


def with_names(heard: Heard) -> Sequence[str]:
    """Tell the request line, To, From and Route."""
    named = [f"{name}: {heard.header(name)[0]}" for name in ("To", "From")]
    return [*shortly(heard), *(re.sub(r";tag=[^;\s]*", "", each) for each in named)]


@dataclass(slots=True)
class CallDesk:
    """Ask for calls and keep lines. `places` are what stands for what in them, by name: `{a}` for 127.0.0.1:25060."""

    installation: Installation
    places: dict[str, str]
    dns: DnsServer | None = None
    lines: list[str] = field(default_factory=list)
    _trunks: list[str] = field(default_factory=list)
    _over: set[str] = field(
        default_factory=set
    )  # Call-IDs: what is sent again of a call that is over is not told

    async def call(
        self,
        *peers: SipPeer,
        tell: Tell = shortly,
        told: Sequence[str] = ("INVITE",),
        ring_seconds: float = 8.0,
        talk_seconds: int = 5,
        hang_up: bool = True,
        to: str = CALLED,
        request_headers: dict[str, str] | None = None,
        title: str = "",
        **trunk: Any,
    ) -> None:
        """Make a trunk, call through it, and tell what came where and what was answered."""
        trunk = {name: self._filled(value) for name, value in trunk.items()}
        info = SIPOutboundTrunkInfo(**{"numbers": [NUMBER], **trunk})
        request = CreateSIPOutboundTrunkRequest(trunk=info)
        stored = await self.installation.ask("CreateSIPOutboundTrunk", request, SIPOutboundTrunkInfo)
        self._trunks.append(stored.sip_trunk_id)
        await self.participant(
            *peers,
            tell=tell,
            told=told,
            hang_up=hang_up,
            title=title,
            sip_trunk_id=stored.sip_trunk_id,
            sip_call_to=to,
            headers={name: self._filled(value) for name, value in (request_headers or {}).items()},
            ringing_timeout=_duration(ring_seconds),
            max_call_duration=Duration(seconds=talk_seconds),
        )

    async def call_without_trunk(
        self, *peers: SipPeer, title: str = "", waits: bool = True, **fields: Any
    ) -> None:
        """Call by what stands inside the request alone, waiting for the carrier's answer or not."""
        filled = {name: self._filled(value) for name, value in fields.items()}
        trunk = {name: filled.pop(name) for name in list(filled) if name in _TRUNK_FIELDS}
        await self.participant(
            *peers,
            tell=with_names,
            told=("INVITE",),
            hang_up=True,
            title=title,
            waits=waits,
            sip_call_to=CALLED,
            trunk=SIPOutboundConfig(**trunk) if trunk else None,
            ringing_timeout=_duration(2),
            **filled,
        )

    async def participant(
        self,
        *peers: SipPeer,
        tell: Tell,
        told: Sequence[str],
        hang_up: bool,
        title: str,
        waits: bool = True,
        **fields: Any,
    ) -> None:
        """Ask for a participant, and tell what came of it."""
        room = f"suite-{uuid4().hex[:8]}"
        for peer in peers:
            peer.heard.clear()
        asked_before = len(self.dns.queries) if self.dns else 0
        request = CreateSIPParticipantRequest(room_name=room, wait_until_answered=waits, **fields)
        try:
            await self.installation.ask("CreateSIPParticipant", request, SIPParticipantInfo)
            outcome = "answered" if waits else "not waited for"
        except ServerError as error:
            outcome = self._outcome(error)
        if outcome == "not waited for":
            await asyncio.to_thread(_wait_for, "INVITE", peers)
        if outcome == "answered":
            if hang_up:
                await self._leave(room)
            await asyncio.to_thread(_wait_for, "BYE", peers)
        await self._leave(room)
        for peer in peers:
            await asyncio.to_thread(peer.settle)
        if title:
            self.lines.append(f"# {title}")
        for peer in peers:
            fresh = [each for each in peer.heard if each.header("Call-ID")[0] not in self._over]
            self.lines.extend(
                f"{peer.name} {each.transport}: " + self._named(" | ".join(tell(each)))
                for each in fresh
                if each.method in told
            )
        self._over |= {each.header("Call-ID")[0] for peer in peers for each in peer.heard}
        if self.dns is not None:
            # What else the SIP service asks for, it asks by names that exist.
            questions = {
                f"{each.record_type} {each.name}"
                for each in self.dns.queries[asked_before:]
                if each.name.endswith("example")
            }
            self.lines.append(f"asked {', '.join(sorted(questions)) or 'nothing'}")
        self.lines.append(self._named(outcome))

    async def clear(self) -> None:
        """Delete what this scenario made."""
        for trunk_id in self._trunks:
            request = DeleteSIPTrunkRequest(sip_trunk_id=trunk_id)
            await self.installation.ask("DeleteSIPTrunk", request, SIPTrunkInfo)

    async def _leave(self, room: str) -> None:
        try:
            await self.installation.ask(
                "DeleteRoom", DeleteRoomRequest(room=room), DeleteRoomResponse, service="RoomService"
            )
        except ServerError as error:
            if error.code != "not_found":
                raise

    def _outcome(self, error: ServerError) -> str:
        status = error.metadata.get("sip_status_code")
        phrase = error.metadata.get("sip_status")
        sip = f", SIP {status} {phrase}" if status else ""
        return f"{error.status} {error.code}{sip}"

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            for name, place in self.places.items():
                value = value.replace("{" + name + "}", place)
        if isinstance(value, dict):
            return {name: self._filled(each) for name, each in value.items()}
        return value

    def _named(self, line: str) -> str:
        # A port may stand inside a telephone number, too.
        for name, place in sorted(self.places.items(), key=lambda item: -len(item[1])):
            line = re.sub(rf"(?<!\d){re.escape(place)}(?!\d)", f"{{{name}}}", line)
        return line


def _wait_for(method: str, peers: Sequence[SipPeer]) -> None:
    """Wait until one of the peers has heard it. Raises TimeoutError."""
    deadline = time.monotonic() + _END_WITHIN_SECONDS
    while not any(each.method == method for peer in peers for each in peer.heard):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {method} came")
        time.sleep(_POLL_SECONDS)


def _duration(seconds: float) -> Duration:
    return Duration(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))
