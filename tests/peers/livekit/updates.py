"""A stored trunk with an update applied: the whole replaced, or some fields."""

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.message import Message
from livekit.protocol.models import ListUpdate
from livekit.protocol.sip import SIPInboundTrunkInfo, SIPOutboundTrunkInfo

from tests.peers.livekit.refusal import Refusal, invalid

TrunkInfo = TypeVar("TrunkInfo", SIPInboundTrunkInfo, SIPOutboundTrunkInfo)


def updated(stored: TrunkInfo, request: Any, require: Callable[[TrunkInfo], None]) -> TrunkInfo:
    """Give the trunk as an update request wants it, where `require` allows that. Raises Refusal."""
    match request.WhichOneof("action"):
        case "replace":
            replaced: TrunkInfo = _replaced(stored, request.replace)
            require(replaced)
            return replaced
        case "update":
            changed: TrunkInfo = _changed(stored, request.update)
            try:
                require(changed)
            except Refusal as refusal:
                raise _as_told_after_a_change(changed, refusal) from refusal
            return changed
        case _:
            raise invalid("missing or unsupported update action")


def _as_told_after_a_change(info: Message, refusal: Refusal) -> Refusal:
    """A fault that is found only in what a change makes loses its code on the way, in one of two ways."""
    if isinstance(info, SIPInboundTrunkInfo):
        return invalid(f"twirp error unknown: {refusal}")
    return Refusal("unknown", str(refusal))


def _replaced(stored: TrunkInfo, wanted: TrunkInfo) -> TrunkInfo:
    if wanted.sip_trunk_id not in ("", stored.sip_trunk_id):
        raise invalid("trunk id in the info must be empty or match the id in the update")
    info = type(stored)()
    info.CopyFrom(wanted)
    info.sip_trunk_id = stored.sip_trunk_id
    return info


def _changed(stored: TrunkInfo, change: Message) -> TrunkInfo:
    info = type(stored)()
    info.CopyFrom(stored)
    for field, value in change.ListFields():
        if isinstance(value, ListUpdate):
            _change_list(getattr(info, field.name), value)
        elif isinstance(value, Message):
            getattr(info, field.name).CopyFrom(value)
    for name in (each.name for each in change.DESCRIPTOR.fields if each.message_type is None):
        if change.HasField(name):
            setattr(info, name, getattr(change, name))
    _settle_encryption(info)
    return info


def _settle_encryption(info: TrunkInfo) -> None:
    """Carry the old field into the new one where that says nothing, and then the new one into the old."""
    info.media.SetInParent()
    if info.media_encryption and not info.media.HasField("encryption"):
        info.media.encryption = info.media_encryption
    info.media_encryption = info.media.encryption


def _change_list(entries: list[str], change: ListUpdate) -> None:
    changed = bool(change.set or change.add or change.remove)
    if not (change.clear or changed):
        raise invalid("unsupported list update operation")
    if change.clear and changed:
        raise invalid("cannot clear and change the list at the same time")
    if change.set and (change.add or change.remove):
        raise invalid("cannot set and change the list at the same time")
    if not all([*change.set, *change.add, *change.remove]):
        raise invalid("empty element in the list")
    kept = [] if change.clear or change.set else [each for each in entries if each not in change.remove]
    entries[:] = [*kept, *change.set, *(each for each in change.add if each not in kept)]
