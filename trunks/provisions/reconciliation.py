"""What exists on the voice infrastructure against what should: what is ours is fixed, the rest is reported."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from trunks.clock import Clock
from trunks.ids import new_id
from trunks.models.provision import Provision, ProvisionOccasion, ProvisionState, ProvisionStatus
from trunks.provisions.all_parts import all_parts
from trunks.provisions.drawing import draw
from trunks.provisions.given_up import SidesGivenUp
from trunks.provisions.requests import queue
from trunks.repositories.provisions import Infrastructures, ProvisionParts, Provisions
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.voice.blueprint import Leading
from trunks.voice.provisioner import ProvisionerName, ProvisioningFailed
from trunks.voice.sides import (
    ExistingSide,
    InboundSide,
    OutboundSide,
    SideContent,
    differing,
    plain_number,
)

# Longer than a cycle takes; one that took longer harms nothing, since all it does can be done twice.
_LEASE = timedelta(minutes=2)


class SideFinding(StrEnum):
    """What is not as it should be; the last four are told, and left to the operator."""

    MISSING = "missing"
    CHANGED = "changed"
    ORPHANED = "orphaned"
    FAILED = "failed"
    UNFIT = "unfit"
    CONFLICT = "conflict"
    # It carries our mark, and the store knows of no trunk nor tombstone of it.
    UNKNOWN = "unknown"
    # It was written for a later request of its trunk than the store knows of.
    NEWER = "newer"


_NOT_FIXED = frozenset({SideFinding.UNFIT, SideFinding.NEWER})


@dataclass(frozen=True, slots=True)
class FoundSides:
    """One finding, about a trunk or a side, with what an operator has to know."""

    finding: SideFinding
    trunk_id: UUID | None
    side_id: str | None = None
    message: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings; trunks to provision anew, and sides of no trunk that were given up, to delete."""

    found: tuple[FoundSides, ...]
    to_fix: frozenset[UUID]
    to_delete: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    database: Database
    secrets: SecretBox
    provisioner: ProvisionerName
    leading: Leading
    given_up: SidesGivenUp
    interval_seconds: float
    clock: Clock

    def mark(self) -> str:
        """How this installation knows what it made, for ever."""
        with self.database.write() as session:
            return str(Infrastructures(session).ensure(self.provisioner).id)

    def known_mark(self) -> str | None:
        """The mark, where something was made already; nothing is written."""
        with self.database.read() as session:
            row = Infrastructures(session).find(self.provisioner)
            return None if row is None else str(row.id)

    def claim(self, *, at_start: bool = False) -> UUID | None:
        """Make the cycle ours, when one is due and nobody has it; at a worker's start one is always due."""
        with self.database.write() as session:
            row = Infrastructures(session).ensure(self.provisioner)
            now, interval = self.clock(), timedelta(seconds=self.interval_seconds)
            if row.is_claimed(now):
                return None
            if not at_start and row.reconciled_at is not None and now - row.reconciled_at < interval:
                return None
            row.claim(claim_id := new_id(), now + _LEASE)
            return claim_id

    def note_media(self, *, kept: bool) -> bool:
        """Note whether the infrastructure keeps a side's media; true when that is news."""
        with self.database.read() as session:
            infrastructure = Infrastructures(session).find(self.provisioner)
            if infrastructure is not None and infrastructure.keeps_media is kept:
                return False
        with self.database.write() as session:
            row = Infrastructures(session).ensure(self.provisioner)
            is_news, row.keeps_media = row.keeps_media is not kept, kept
            return is_news

    def finish(self, claim_id: UUID, found: Sequence[FoundSides] = ()) -> None:
        """End a cycle, done or broken off, and count what it found; the next is due after the interval."""
        with self.database.write() as session:
            row = Infrastructures(session).ensure(self.provisioner)
            if row.claim_id == claim_id:
                row.release()
                row.reconciled_at = self.clock()
                counts = Counter(each.finding.value for each in found)
                row.findings = dict(Counter(row.findings) + counts)

    def judge(self, existing: Sequence[ExistingSide], *, read_at: datetime) -> Judgement:
        """Compare what was read back, from `read_at` on, with the rows as they are now.

        What ended since was not seen, and is left to the next cycle. In this order a side that was read has
        had its row before it: one without a row belongs to nobody.
        """
        ours: dict[UUID, list[ExistingSide]] = {}
        for side in existing:
            if side.trunk_id is not None:
                ours.setdefault(side.trunk_id, []).append(side)
        found: list[FoundSides] = []
        drops_media = self._drops_media()
        for parts in all_parts(self.database, self.provisioner):
            standing = ours.pop(parts.provision.trunk_id, [])
            if _settled(parts.provision, read_at):
                found += self._judge_one(parts, standing, drops_media=drops_media)
        to_fix = frozenset(
            each.trunk_id for each in found if each.trunk_id and each.finding not in _NOT_FIXED
        )
        left = [side for sides in ours.values() for side in sides]
        given_up = self.given_up.among([side.id for side in left])
        found += [_judge_left(side, given_up) for side in left]
        found += _conflicts(existing)
        return Judgement(tuple(found), to_fix, tuple(side.id for side in left if side.id in given_up))

    def paused(self) -> bool:
        """Whether an operator holds back what nobody asked for: nothing is mended then, and nothing deleted."""
        with self.database.read() as session:
            return Infrastructures(session).is_paused(self.provisioner)

    def fix(self, judgement: Judgement) -> tuple[UUID, ...]:
        """Queue what has to be provisioned anew, and give those trunks; hold what is newer than its row.

        Whoever keeps the pace comes for them.
        """
        for each in judgement.found:
            if each.finding is SideFinding.NEWER and each.trunk_id is not None:
                with self.database.write() as session:
                    provision = Provisions(session).locked(each.trunk_id)
                    if provision is not None:
                        provision.newer_revision = max(each.revision, provision.newer_revision or 0)
        fixed = []
        for trunk_id in sorted(judgement.to_fix):
            with self.database.write() as session:
                provision = Provisions(session).locked(trunk_id)
                if provision is not None and provision.status is ProvisionStatus.DONE:
                    provision.newer_revision = None
                    queue(provision, now := self.clock(), ProvisionOccasion.RECONCILIATION)
                    provision.notify_at = now
                    fixed.append(trunk_id)
        return tuple(fixed)

    def _drops_media(self) -> bool:
        """Whether the infrastructure would lose what is mended of a side's media."""
        with self.database.read() as session:
            infrastructure = Infrastructures(session).find(self.provisioner)
            return infrastructure is not None and infrastructure.keeps_media is False

    def _judge_one(
        self, parts: ProvisionParts, ours: Sequence[ExistingSide], *, drops_media: bool
    ) -> list[FoundSides]:
        provision = parts.provision
        held = provision.newer_revision
        newer = [
            side
            for side in ours
            if side.revision > provision.revision or (held is not None and side.revision >= held)
        ]
        if newer:
            told = f"written for request {newer[0].revision}, and the store is older"
            return [
                FoundSides(SideFinding.NEWER, provision.trunk_id, side.id, told, side.revision)
                for side in newer
            ]
        blueprint = draw(parts, self.leading)
        if blueprint is None:
            return _judge_unwanted(parts, ours)
        try:
            desired = blueprint.desired(self.secrets)
        except ProvisioningFailed as failure:
            return [FoundSides(SideFinding.UNFIT, provision.trunk_id, None, str(failure))]
        if provision.state is ProvisionState.FAILED:
            return [FoundSides(SideFinding.FAILED, provision.trunk_id, None, provision.error or "")]
        inbound, outbound = desired.inbound, desired.outbound
        if drops_media:
            inbound = None if inbound is None else replace(inbound, left=inbound.left | {"media"})
            outbound = None if outbound is None else replace(outbound, left=outbound.left | {"media"})
        return [
            *_judge_side(provision, InboundSide, inbound, ours, provision.inbound_id),
            *_judge_side(provision, OutboundSide, outbound, ours, provision.outbound_id),
        ]


def _judge_left(side: ExistingSide, given_up: Collection[str]) -> FoundSides:
    """Judge a side with our mark whose trunk has no row: only a tombstone makes it ours to delete."""
    finding = SideFinding.ORPHANED if side.id in given_up else SideFinding.UNKNOWN
    return FoundSides(finding, None, side.id, f"for {side.trunk_id}")


def _settled(provision: Provision, read_at: datetime) -> bool:
    """Whether nobody works on it, is about to, or has since everything was read."""
    if provision.status is not ProvisionStatus.DONE:
        return False
    return provision.finished_at is None or provision.finished_at < read_at


def _judge_unwanted(parts: ProvisionParts, ours: Sequence[ExistingSide]) -> list[FoundSides]:
    provision = parts.provision
    found = [FoundSides(SideFinding.ORPHANED, provision.trunk_id, side.id) for side in ours]
    if not found and (provision.state is ProvisionState.FAILED or parts.trunk is None):
        return [
            FoundSides(SideFinding.FAILED, provision.trunk_id, None, provision.error or "its trunk is gone")
        ]
    return found


def _judge_side(
    provision: Provision,
    kind: type[SideContent],
    wanted: SideContent | None,
    ours: Sequence[ExistingSide],
    known_id: str | None,
) -> Iterable[FoundSides]:
    standing = [side for side in ours if isinstance(side.content, kind)]
    known = next((side for side in standing if side.id == known_id), None)
    if wanted is not None and known is None:
        yield FoundSides(SideFinding.MISSING, provision.trunk_id, known_id, kind.__name__)
    if known is not None and wanted is not None and (names := differing(wanted, known.content)):
        told = f"{kind.__name__}: {', '.join(names)}"
        yield FoundSides(SideFinding.CHANGED, provision.trunk_id, known_id, told)
    for side in standing:
        if wanted is None or side is not known:
            yield FoundSides(SideFinding.ORPHANED, provision.trunk_id, side.id, kind.__name__)


def _conflicts(existing: Sequence[ExistingSide]) -> list[FoundSides]:
    """Find others' inbound sides that carry a number of ours: which of the two a call reaches is luck."""
    inbound = [side for side in existing if isinstance(side.content, InboundSide)]
    ours = {
        plain_number(number): side for side in inbound if side.trunk_id for number in side.content.numbers
    }
    return [
        FoundSides(
            SideFinding.CONFLICT,
            None,
            side.id,
            f"has {number}, which {ours[plain_number(number)].id} has too",
        )
        for side in inbound
        if side.trunk_id is None
        for number in side.content.numbers
        if plain_number(number) in ours
    ]
