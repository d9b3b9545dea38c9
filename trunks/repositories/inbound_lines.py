"""Which of a tenant's trunks calls to a number are meant for: by their numbers and their extensions."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import false, func, select, union_all

from trunks.models.number_claim import NumberClaim
from trunks.models.phone_number import PhoneNumber
from trunks.models.provision import Provision
from trunks.models.trunk import Trunk
from trunks.models.trunk_profile import TrunkProfileRow
from trunks.repositories.repository import Repository


@dataclass(frozen=True, slots=True)
class InboundLine:
    """One number or extension of a trunk, with what stands for its calls."""

    trunk_id: UUID
    number: str
    wanted: bool
    inbound_enabled: bool
    inbound_id: str | None


class InboundLines(Repository):
    def of_environment(self, environment_id: UUID) -> Sequence[InboundLine]:
        """List all lines of a tenant's trunks; an extension stands in the place of the numbers."""
        extension = TrunkProfileRow.extension
        numbers = (
            select(PhoneNumber.trunk_id, func.coalesce(PhoneNumber.e164, PhoneNumber.number).label("number"))
            .outerjoin(TrunkProfileRow, TrunkProfileRow.trunk_id == PhoneNumber.trunk_id)
            .where(PhoneNumber.environment_id == environment_id, extension.is_(None))
        )
        extensions = (
            select(TrunkProfileRow.trunk_id, extension.label("number"))
            .join(Trunk, Trunk.id == TrunkProfileRow.trunk_id)
            .where(Trunk.environment_id == environment_id, extension.is_not(None))
        )
        # What calls to an extension name, where another environment has the same one.
        called_as = select(NumberClaim.trunk_id, NumberClaim.number.label("number")).where(
            NumberClaim.environment_id == environment_id, NumberClaim.is_extension
        )
        lines = union_all(numbers, extensions, called_as).subquery()
        rows = self._session.execute(
            select(
                lines.c.trunk_id,
                lines.c.number,
                Trunk.wanted,
                func.coalesce(TrunkProfileRow.inbound_enabled, ~false()),
                Provision.inbound_id,
            )
            .join(Trunk, Trunk.id == lines.c.trunk_id)
            .outerjoin(TrunkProfileRow, TrunkProfileRow.trunk_id == lines.c.trunk_id)
            .outerjoin(Provision, Provision.trunk_id == lines.c.trunk_id)
            .where(Trunk.is_draft.is_(False))
            .order_by(lines.c.trunk_id, lines.c.number)
        )
        return [
            InboundLine(trunk_id, number, wanted, bool(enabled), inbound_id)
            for trunk_id, number, wanted, enabled, inbound_id in rows
        ]
