"""What provisioning would change on the voice infrastructure, before it does; and the word that lets it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from trunks.clock import Clock
from trunks.models.provision import Provision
from trunks.provisions.all_parts import all_parts
from trunks.provisions.drawing import draw
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.provisions import Infrastructures, ProvisionParts, Provisions
from trunks.repositories.trunks import Trunks
from trunks.rules.media import Media
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.voice.blueprint import Leading
from trunks.voice.provisioner import ProvisionerName, ProvisioningFailed
from trunks.voice.sides import DesiredTrunk, ExistingSide, InboundSide, SideContent, differing

_SECRETS = frozenset({"auth_password"})
_ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSide:
    """A side that is to be made otherwise; `fields` are what differs, before and after, secrets left out.

    `side_id` is None for one that is to be made; `held` that it waits for apply().
    """

    trunk_id: UUID
    environment_id: UUID
    side: str
    side_id: str | None
    fields: tuple[tuple[str, str | None, str | None], ...]
    reason: str
    held: bool


@dataclass(frozen=True, slots=True)
class Rehearsal:
    database: Database
    secrets: SecretBox
    provisioner: ProvisionerName
    leading: Leading
    clock: Clock

    def plan(
        self, existing: Sequence[ExistingSide], environment_id: UUID | None = None
    ) -> Iterator[PlannedSide]:
        """Compare what was read back with what is wanted, as it would be written now; of one environment, or of all."""
        sides = {side.id: side for side in existing}
        with self.database.read() as session:
            paused = Infrastructures(session).is_paused(self.provisioner)
        for parts in self._parts(environment_id):
            blueprint = draw(parts, self.leading)
            if blueprint is None or parts.trunk is None:
                continue
            try:
                desired = replace(blueprint, keeps_former=False, plain_list=False).desired(self.secrets)
            except ProvisioningFailed:  # is told by the trunk's events, and changes nothing
                continue
            reason = _reason(parts, paused=paused)
            yield from _differences(parts, desired, sides, reason)

    def apply(self, environment_id: UUID | None = None) -> int:
        """Let sides of a former version be written as those of new trunks are, and count them; workers do it."""
        held = [
            parts.provision.trunk_id for parts in self._parts(environment_id) if _is_held(parts.provision)
        ]
        return sum(self._let(trunk_id) for trunk_id in held)

    def pause(self) -> bool:
        """Hold back what nobody asked for; false where that is so already."""
        return self._set_paused(True)

    def resume(self) -> int | None:
        """Let it again, and count the ways of calls that were held back, which workers write now; None where nothing
        was paused.
        """
        if not self._set_paused(False):
            return None
        with self.database.read() as session:
            waiting = Provisions(session).whose_way_waits(self.provisioner)
        return sum(self._lead(trunk_id) for trunk_id in waiting)

    def _set_paused(self, paused: bool) -> bool:
        with self.database.write() as session:
            row = Infrastructures(session).ensure(self.provisioner)
            changed, row.paused = row.paused is not paused, paused
            return changed

    def _lead(self, trunk_id: UUID) -> bool:
        with self.database.write() as session:
            # Locked in the order of every other writer: the trunk first.
            Trunks(session).steady(trunk_id)
            return ProvisionRequests(session, self.provisioner).lead_anew(trunk_id, self.clock())

    def _let(self, trunk_id: UUID) -> bool:
        with self.database.write() as session:
            # Locked in the order of every other writer: the trunk first.
            Trunks(session).steady(trunk_id)
            provision = Provisions(session).locked(trunk_id)
            if provision is None or not _is_held(provision):
                return False
            return ProvisionRequests(session, self.provisioner).let(trunk_id, self.clock())

    def _parts(self, environment_id: UUID | None) -> Iterator[ProvisionParts]:
        for parts in all_parts(self.database, self.provisioner):
            if environment_id is None or (
                parts.trunk is not None and parts.trunk.environment_id == environment_id
            ):
                yield parts


def _differences(
    parts: ProvisionParts, desired: DesiredTrunk, sides: dict[str, ExistingSide], reason: str
) -> Iterable[PlannedSide]:
    provision, trunk = parts.provision, parts.trunk
    known: tuple[tuple[SideContent | None, str | None], ...] = (
        (desired.inbound, provision.inbound_id),
        (desired.outbound, provision.outbound_id),
    )
    for wanted, side_id in known:
        if wanted is None or trunk is None:
            continue
        found = None if side_id is None else sides.get(side_id)
        fields = (("side", _ABSENT, "made"),) if found is None else _fields(wanted, found.content)
        if fields:
            yield PlannedSide(
                trunk_id=trunk.id,
                environment_id=trunk.environment_id,
                side="inbound" if isinstance(wanted, InboundSide) else "outbound",
                side_id=None if found is None else found.id,
                fields=fields,
                reason=reason,
                held=_is_held(provision),
            )


def _fields(wanted: SideContent, found: SideContent) -> tuple[tuple[str, str | None, str | None], ...]:
    if type(wanted) is not type(found):
        return (("side", "of the other kind", "made"),)
    return tuple(
        (name, None, None)
        if name in _SECRETS
        else (name, _shown(getattr(found, name)), _shown(getattr(wanted, name)))
        for name in differing(wanted, found)
    )


def _shown(value: object) -> str:
    if isinstance(value, Media):
        codecs = ", ".join(value.codecs) or "its own codecs"
        only = " alone" if value.only_listed else ""
        return f"encryption {value.encryption or 'unknown'}, {codecs}{only}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _is_held(provision: Provision) -> bool:
    """Whether a former version made its sides, and they wait for apply()."""
    return provision.keeps_former or provision.plain_list


def _reason(parts: ProvisionParts, *, paused: bool) -> str:
    if _is_held(parts.provision):
        return "It was made by a former version, and waits for `trunkd provision apply`, or an edit of the trunk."
    if paused:
        return "It differs from what is wanted, and is mended once `trunkd provision resume` has ended the pause."
    return "It differs from what is wanted; the next reconciliation mends it."
