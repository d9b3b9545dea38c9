"""Who calls in over all tenants, and whom calls go out to, by address."""

from sqlalchemy import func, or_, select

from trunks.models.outbound_way import OutboundWayRow
from trunks.models.phone_number import PhoneNumber
from trunks.models.trunk import Trunk
from trunks.models.trunk_profile import TrunkProfileRow
from trunks.repositories.repository import Repository
from trunks.rules.profile import InboundAuthorization

_STANDING = (Trunk.wanted, Trunk.is_draft.is_(False))


class Callers(Repository):
    def allowed(self) -> set[str]:
        """List the entries of all allow-lists that count."""
        lists = self._session.scalars(
            select(TrunkProfileRow.allowed_addresses)
            .join(Trunk, Trunk.id == TrunkProfileRow.trunk_id)
            .where(
                *_STANDING,
                TrunkProfileRow.inbound_enabled,
                TrunkProfileRow.authorization == InboundAuthorization.IP,
            )
        )
        return {entry for entries in lists for entry in entries}

    def edges(self) -> set[str]:
        """List the addresses that calls go out to, as far as they are proven."""
        found = self._session.scalars(
            select(OutboundWayRow.address)
            .join(Trunk, Trunk.id == OutboundWayRow.trunk_id)
            .where(
                *_STANDING, OutboundWayRow.address.is_not(None), OutboundWayRow.generation == Trunk.generation
            )
            .distinct()
        )
        return {address for address in found if address is not None}

    def count_by_password(self) -> int:
        """Count the trunks whose calls come from anywhere: by user and password, without a list."""
        has_number = select(PhoneNumber.id).where(PhoneNumber.trunk_id == Trunk.id).exists()
        by_password = or_(
            TrunkProfileRow.id.is_(None),
            (TrunkProfileRow.authorization == InboundAuthorization.AUTH) & TrunkProfileRow.inbound_enabled,
        )
        return (
            self._session.scalar(
                select(func.count())
                .select_from(Trunk)
                .outerjoin(TrunkProfileRow, TrunkProfileRow.trunk_id == Trunk.id)
                .where(*_STANDING, by_password, or_(has_number, TrunkProfileRow.extension.is_not(None)))
            )
            or 0
        )
