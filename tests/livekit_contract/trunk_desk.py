"""Calls of the trunk API by names of the scenario's own, each with a line of what came of it."""

import asyncio
import re
from collections.abc import Awaitable
from typing import Any, TypeVar

from google.protobuf.message import Message
from livekit.api import ServerError
from livekit.protocol.models import Pagination
from livekit.protocol.sip import (
    CreateSIPInboundTrunkRequest,
    CreateSIPOutboundTrunkRequest,
    DeleteSIPTrunkRequest,
    ListSIPInboundTrunkRequest,
    ListSIPInboundTrunkResponse,
    ListSIPOutboundTrunkRequest,
    ListSIPOutboundTrunkResponse,
    SIPInboundTrunkInfo,
    SIPInboundTrunkUpdate,
    SIPOutboundTrunkInfo,
    SIPOutboundTrunkUpdate,
    SIPTrunkInfo,
    UpdateSIPInboundTrunkRequest,
    UpdateSIPOutboundTrunkRequest,
)

from tests.livekit_contract.installation import Installation

Answer = TypeVar("Answer", bound=Message)

_CONFLICT = re.compile(r'(Conflicting inbound SIP Trunks): "(.*)" and "(.*)", using the same')


class TrunkDesk:
    """Ask, and keep the lines; what was created is deleted by clear()."""

    def __init__(self, installation: Installation) -> None:
        self.lines: list[str] = []
        self._ask = installation.ask
        self._ids: dict[str, str] = {}

    async def create_inbound(self, name: str, /, **fields: Any) -> None:
        """Create an inbound trunk and say whether it is kept as it was sent."""
        wanted = SIPInboundTrunkInfo(**fields)
        request = CreateSIPInboundTrunkRequest(trunk=wanted)
        await self._created(name, wanted, self._ask("CreateSIPInboundTrunk", request, SIPInboundTrunkInfo))

    async def create_outbound(self, name: str, /, **fields: Any) -> None:
        """Create an outbound trunk and say whether it is kept as it was sent."""
        wanted = SIPOutboundTrunkInfo(**fields)
        request = CreateSIPOutboundTrunkRequest(trunk=wanted)
        await self._created(name, wanted, self._ask("CreateSIPOutboundTrunk", request, SIPOutboundTrunkInfo))

    async def create_many(self, count: int, **fields: Any) -> None:
        """Ask for the same inbound trunk many times at once: how many come to be is a matter of chance."""
        request = CreateSIPInboundTrunkRequest(trunk=SIPInboundTrunkInfo(**fields))
        asked = (self._ask("CreateSIPInboundTrunk", request, SIPInboundTrunkInfo) for _ in range(count))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        made = [each for each in answers if isinstance(each, SIPInboundTrunkInfo)]
        self._ids |= {f"one of many {number}": each.sip_trunk_id for number, each in enumerate(made)}
        self.lines.append(f"create {count} at once: {'some' if made else 'none'} made")

    async def replace_inbound(self, name: str, /, **fields: Any) -> None:
        """Replace the whole, and say whether it is kept as it was sent."""
        wanted = SIPInboundTrunkInfo(**fields)
        request = UpdateSIPInboundTrunkRequest(sip_trunk_id=self._id(name), replace=wanted)
        call = self._ask("UpdateSIPInboundTrunk", request, SIPInboundTrunkInfo)
        await self._kept(f"replace {name}", wanted, call)

    async def replace_outbound(self, name: str, /, **fields: Any) -> None:
        """Replace the whole, and say whether it is kept as it was sent."""
        wanted = SIPOutboundTrunkInfo(**fields)
        request = UpdateSIPOutboundTrunkRequest(sip_trunk_id=self._id(name), replace=wanted)
        call = self._ask("UpdateSIPOutboundTrunk", request, SIPOutboundTrunkInfo)
        await self._kept(f"replace {name}", wanted, call)

    async def change_inbound(self, name: str, /, **fields: Any) -> None:
        """Update by fields, and say what the trunk is then."""
        update = SIPInboundTrunkUpdate(**fields)
        request = UpdateSIPInboundTrunkRequest(sip_trunk_id=self._id(name), update=update)
        await self._shown(f"change {name}", self._ask("UpdateSIPInboundTrunk", request, SIPInboundTrunkInfo))

    async def change_outbound(self, name: str, /, **fields: Any) -> None:
        """Update by fields, and say what the trunk is then."""
        update = SIPOutboundTrunkUpdate(**fields)
        request = UpdateSIPOutboundTrunkRequest(sip_trunk_id=self._id(name), update=update)
        await self._shown(
            f"change {name}", self._ask("UpdateSIPOutboundTrunk", request, SIPOutboundTrunkInfo)
        )

    async def update_without_action(self, name: str) -> None:
        """Send an update that asks for nothing."""
        request = UpdateSIPInboundTrunkRequest(sip_trunk_id=self._id(name))
        await self._shown(f"update {name}", self._ask("UpdateSIPInboundTrunk", request, SIPInboundTrunkInfo))

    async def list_inbound(self, **question: Any) -> None:
        """List by `trunks`, `numbers` or `limit`, and name those found."""
        request = ListSIPInboundTrunkRequest(**self._question(question))
        await self._listed(
            "inbound", question, self._ask("ListSIPInboundTrunk", request, ListSIPInboundTrunkResponse)
        )

    async def count_inbound(self, *, after: str, limit: int = 0) -> None:
        """Ask for what comes after a trunk, and count: which ones those are is a matter of chance."""
        request = ListSIPInboundTrunkRequest(page=Pagination(after_id=self._id(after), limit=limit))
        answer = await self._asked(
            "list", self._ask("ListSIPInboundTrunk", request, ListSIPInboundTrunkResponse)
        )
        if answer is not None:
            place = after if after not in self._ids else self._place(after)
            self.lines.append(f"list inbound after {place} limit={limit}: {len(answer.items)}")

    async def list_outbound(self, **question: Any) -> None:
        """List by `trunks`, `numbers` or `limit`, and name those found."""
        request = ListSIPOutboundTrunkRequest(**self._question(question))
        await self._listed(
            "outbound", question, self._ask("ListSIPOutboundTrunk", request, ListSIPOutboundTrunkResponse)
        )

    async def delete(self, name: str) -> None:
        request = DeleteSIPTrunkRequest(sip_trunk_id=self._id(name))
        if await self._asked(f"delete {name}", self._ask("DeleteSIPTrunk", request, SIPTrunkInfo)):
            self.lines.append(f"delete {name}: done")

    async def clear(self) -> None:
        """Delete what this scenario made."""
        for trunk_id in self._ids.values():
            await self._ask("DeleteSIPTrunk", DeleteSIPTrunkRequest(sip_trunk_id=trunk_id), SIPTrunkInfo)

    def first_of(self, *names: str) -> str:
        """Give the name whose trunk has the lowest id, which is a matter of chance."""
        return min(names, key=self._id)

    def last_of(self, *names: str) -> str:
        """Give the name whose trunk has the highest id."""
        return max(names, key=self._id)

    def _place(self, name: str) -> str:
        return "the first" if self._id(name) == min(self._ids.values()) else "the last"

    def _question(self, question: dict[str, Any]) -> dict[str, Any]:
        asked: dict[str, Any] = {}
        if "limit" in question:
            asked["page"] = Pagination(limit=question["limit"])
        if "trunks" in question:
            asked["trunk_ids"] = [self._id(name) for name in question["trunks"]]
        if "numbers" in question:
            asked["numbers"] = question["numbers"]
        return asked

    def _id(self, name: str) -> str:
        return self._ids.get(name, name)

    async def _created(self, name: str, wanted: Message, call: Awaitable[Any]) -> None:
        answer = await self._kept(f"create {name}", wanted, call)
        if answer is not None:
            self._ids[name] = answer.sip_trunk_id

    async def _kept(self, done: str, wanted: Any, call: Awaitable[Answer]) -> Answer | None:
        answer = await self._asked(done, call)
        if answer is not None:
            wanted.sip_trunk_id = answer.sip_trunk_id  # type: ignore[attr-defined]
            self.lines.append(f"{done}: " + ("kept" if answer == wanted else f"kept as {_text(answer)}"))
        return answer

    async def _shown(self, done: str, call: Awaitable[Message]) -> None:
        answer = await self._asked(done, call)
        if answer is not None:
            self.lines.append(f"{done}: {_text(answer)}")

    async def _listed(self, kind: str, question: dict[str, Any], call: Awaitable[Any]) -> None:
        done = " ".join([f"list {kind}", *(f"{name}={value!r}" for name, value in question.items())])
        answer = await self._asked(done, call)
        if answer is not None:
            names = {trunk_id: name for name, trunk_id in self._ids.items()}
            found = [each.sip_trunk_id for each in answer.items]
            order = "" if found == sorted(found) else ", in another order than their ids'"
            self.lines.append(f"{done}: {', '.join(sorted(names[each] for each in found)) or 'none'}{order}")

    async def _asked(self, done: str, call: Awaitable[Answer]) -> Answer | None:
        try:
            return await call
        except ServerError as error:
            self.lines.append(f"{done}: {error.status} {error.code} {self._told(error.message)}")
            return None

    def _told(self, message: str) -> str:
        """Put the scenario's names into a refusal. Which of two that conflict it names first is a matter of chance."""
        for name, trunk_id in self._ids.items():
            message = message.replace(trunk_id, name)
        conflict = _CONFLICT.match(message)
        return (
            message if conflict is None else f"{conflict[1]}: {' and '.join(sorted(conflict.groups()[1:]))}"
        )


def _text(info: Message) -> str:
    """Give the fields that are set in one line, without the id."""
    fields = [(field.name, value) for field, value in info.ListFields() if field.name != "sip_trunk_id"]
    return ", ".join(f"{name} {_value(value)}" for name, value in fields) or "empty"


def _value(value: Any) -> str:
    if isinstance(value, Message):
        return "{" + _text(value) + "}"
    if isinstance(value, str | int | bool):
        return repr(value)
    if hasattr(value, "items"):
        return repr(dict(sorted(value.items())))
    return "[" + ", ".join(map(_value, value)) + "]"
