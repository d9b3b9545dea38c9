"""Both sides or none: provisioning whose second half fails undoes the first."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from trunks.voice.provisioner import (
    FailureCause,
    NumberHeld,
    Provisioner,
    ProvisioningFailed,
    StoreBehind,
    told_of,
)
from trunks.voice.sides import (
    DesiredTrunk,
    ExistingSide,
    InboundSide,
    OutboundSide,
    SideContent,
    SideIds,
    SideOwner,
    differing,
    plain_number,
)

_log = structlog.get_logger(__name__)

# A caller waits 20 s for all of it.
DO_WITHIN_SECONDS = 8.0
UNDO_WITHIN_SECONDS = 6.0


async def provision(
    provisioner: Provisioner,
    desired: DesiredTrunk,
    known: SideIds,
    given_up: frozenset[str] = frozenset(),
) -> SideIds:
    """Make or change what differs, and touch nothing else; what a killed worker left is taken over.

    Not so what is `given_up`, whose end may be under way: that goes. Raises StoreBehind, and
    ProvisioningFailed with everything as it was before, as far as the infrastructure let us.
    """
    async with _bounded(DO_WITHIN_SECONDS):
        found = await provisioner.find(ids=known.known, numbers=desired.numbers)
    before = _ours(found, desired.trunk_id, known)
    _refuse_newer(before, desired.revision)
    _refuse_conflicts(found, before, desired)
    try:
        async with _bounded(DO_WITHIN_SECONDS):
            ids = await _settle_both(provisioner, desired, known, before, given_up)
            await _look_again(provisioner, desired, ids, before)
            return ids
    except ProvisioningFailed as failure:
        if not await _undone(provisioner, desired, known, before):
            raise ProvisioningFailed(
                failure.cause,
                f"{failure} What was made before that is removed as soon as it answers.",
                failure.told,
            ) from failure
        raise


async def remove(
    provisioner: Provisioner, trunk_id: UUID, known: SideIds, *, revision: int | None = None
) -> None:
    """Take both sides away, with whatever a killed worker left; none that is newer than `revision`.

    Raises StoreBehind, ProvisioningFailed.
    """
    async with _bounded(DO_WITHIN_SECONDS):
        # Where an id is missing, a worker may have been killed before it could say.
        whole = known.inbound is not None and known.outbound is not None
        found = await provisioner.find(ids=known.known, numbers=()) if whole else await provisioner.read_all()
        ours = _ours(found, trunk_id, known)
        _refuse_newer(ours, revision)
        for existing in ours:
            await provisioner.delete(existing.id)


async def _settle_both(
    provisioner: Provisioner,
    desired: DesiredTrunk,
    known: SideIds,
    before: Sequence[ExistingSide],
    given_up: frozenset[str],
) -> SideIds:
    kept = [existing for existing in before if existing.id not in given_up]
    inbound = _pick(kept, InboundSide, known.inbound)
    outbound = _pick(kept, OutboundSide, known.outbound)
    for surplus in before:
        if surplus not in (inbound, outbound):
            await provisioner.delete(surplus.id)
    ids = SideIds(
        await _settle(provisioner, desired.owner, desired.inbound, inbound),
        await _settle(provisioner, desired.owner, desired.outbound, outbound),
    )
    # Last, since a side that is gone comes back under another id only.
    for wanted, existing in ((desired.inbound, inbound), (desired.outbound, outbound)):
        if wanted is None and existing is not None:
            await provisioner.delete(existing.id)
    return ids


async def _look_again(
    provisioner: Provisioner, desired: DesiredTrunk, ids: SideIds, before: Sequence[ExistingSide]
) -> None:
    """Look whether somebody else entered a number at the same moment, which the infrastructure lets two do.

    Of two that were made at once the one with the smaller id stays, so that two who look do not both give way.
    """
    was = {side.id: side.content for side in before}
    if desired.inbound is None or ids.inbound is None or was.get(ids.inbound) == desired.inbound:
        return
    found = await provisioner.find(ids=(), numbers=desired.inbound.numbers)
    others = [side for side in found if side.id != ids.inbound and side.trunk_id != desired.trunk_id]
    _refuse_conflicts([side for side in others if ids.inbound in was or side.id < ids.inbound], (), desired)


async def _settle(
    provisioner: Provisioner, owner: SideOwner, wanted: SideContent | None, existing: ExistingSide | None
) -> str | None:
    if wanted is None:
        return None
    if existing is None:
        return await provisioner.create(owner, wanted)
    # One whose mark was taken off by hand is marked again.
    if differing(wanted, existing.content) or existing.trunk_id != owner.trunk_id:
        await provisioner.update(existing.id, owner, wanted)
    return existing.id


async def _undone(
    provisioner: Provisioner, desired: DesiredTrunk, known: SideIds, before: Sequence[ExistingSide]
) -> bool:
    """Bring back what was before, by what stands now: a call that failed for us may have been done all the same."""
    was = {existing.id: existing for existing in before}
    try:
        async with _bounded(UNDO_WITHIN_SECONDS):
            found = await provisioner.find(ids=known.known | was.keys(), numbers=desired.numbers)
            for existing in _ours(found, desired.trunk_id, known):
                if existing.id not in was:
                    await provisioner.delete(existing.id)
                elif existing.content != was[existing.id].content:
                    await provisioner.update(existing.id, desired.owner, was[existing.id].content)
    except ProvisioningFailed as failure:
        _log.warning(
            "provision-not-undone",
            trunk_id=str(desired.trunk_id),
            cause=failure.cause.value,
            error=str(failure),
        )
        return False
    return True


def _refuse_newer(ours: Sequence[ExistingSide], revision: int | None) -> None:
    newest = max((existing.revision for existing in ours), default=0)
    if revision is not None and newest > revision:
        raise StoreBehind(newest)


def _refuse_conflicts(
    found: Sequence[ExistingSide], ours: Sequence[ExistingSide], desired: DesiredTrunk
) -> None:
    """Name a number that another inbound side has: both would match a call, and the infrastructure refuses it."""
    if desired.inbound is None:
        return
    wanted = {plain_number(number): number for number in desired.inbound.numbers}
    for existing in found:
        if existing in ours or not isinstance(existing.content, InboundSide):
            continue
        taken = sorted(wanted.keys() & {plain_number(number) for number in existing.content.numbers})
        if taken:
            raise _conflict(wanted[taken[0]], existing)


def _conflict(number: str, existing: ExistingSide) -> ProvisioningFailed:
    whose = "not made by this installation" if existing.trunk_id is None else "that of another trunk here"
    message = (
        f"The number {number} is on the inbound trunk {existing.id} already, which is {whose}; "
        "take it off there, or use another number here."
    )
    if existing.trunk_id is None:
        return ProvisioningFailed(FailureCause.CONFLICT, message, told_of(number))
    return NumberHeld(message, number=number, holder=existing.trunk_id)


def _ours(found: Sequence[ExistingSide], trunk_id: UUID, known: SideIds) -> list[ExistingSide]:
    return [existing for existing in found if existing.trunk_id == trunk_id or existing.id in known.known]


def _pick(
    ours: Sequence[ExistingSide], content: type[SideContent], known_id: str | None
) -> ExistingSide | None:
    """Choose the side that we know of; else any, but by all workers the same."""
    candidates = [existing for existing in ours if isinstance(existing.content, content)]
    return min(candidates, key=lambda existing: (existing.id != known_id, existing.id), default=None)


@asynccontextmanager
async def _bounded(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise ProvisioningFailed(
            FailureCause.SLOW, f"The voice infrastructure did not get it done within {seconds:g} s."
        ) from error
