"""Who has a number on the whole installation: one row for a number, and the first one stays."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import delete, func, select

from sipcheck.diagnosis.inbound.numbers import normalised
from trunks.models.number_claim import NumberClaim
from trunks.models.phone_number import PhoneNumber
from trunks.models.trunk import Trunk
from trunks.models.trunk_profile import TrunkProfileRow
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository

LINE = func.coalesce(PhoneNumber.e164, PhoneNumber.number)


class NumberClaims(Repository):
    def holder(self, number: str) -> NumberClaim | None:
        return self._session.scalar(
            select(NumberClaim).where(NumberClaim.number == number).execution_options(populate_existing=True)
        )

    def of(self, trunk_id: UUID) -> Sequence[NumberClaim]:
        return self._all(NumberClaim, NumberClaim.trunk_id == trunk_id)

    def extensions_of(self, trunk_ids: Sequence[UUID]) -> Mapping[UUID, str]:
        """By which numbers the extensions of these trunks are called, where those are other than themselves."""
        rows = self._session.execute(
            select(NumberClaim.trunk_id, NumberClaim.line, NumberClaim.number).where(
                NumberClaim.trunk_id.in_(trunk_ids), NumberClaim.is_extension
            )
        )
        return {trunk_id: number for trunk_id, line, number in rows if number != normalised(line)}

    def has_extension(self, environment_id: UUID, extension: str, *, but: UUID) -> bool:
        """Whether another trunk of an environment has an extension."""
        return self._exists(
            NumberClaim.environment_id == environment_id,
            NumberClaim.is_extension.is_(True),
            NumberClaim.line == extension,
            NumberClaim.trunk_id != but,
        )

    def enter(
        self, trunk: Trunk, number: str, line: str, now: datetime, *, is_extension: bool = False
    ) -> bool:
        """Enter a claim, waiting for whoever enters it at this moment; false where somebody has the number."""
        values = {
            "number": number,
            "line": line,
            "is_extension": is_extension,
            "environment_id": trunk.environment_id,
            "trunk_id": trunk.id,
            "created_at": now,
        }
        return insert_or_ignore(self._session, NumberClaim, values, unique=["number"])

    def remove(self, trunk_id: UUID, numbers: Collection[str]) -> None:
        if numbers:
            self._session.execute(
                delete(NumberClaim).where(NumberClaim.trunk_id == trunk_id, NumberClaim.number.in_(numbers))
            )

    def lines_of(self, trunk_id: UUID) -> dict[str, str]:
        """Give a trunk's numbers by what calls name."""
        rows = self._session.scalars(
            select(LINE).where(PhoneNumber.trunk_id == trunk_id).order_by(PhoneNumber.id.desc())
        )
        return {normalised(line): line for line in rows}

    def next_in_line(self, number: str, but: UUID) -> PhoneNumber | None:
        """Find the oldest number of another trunk that calls to this one mean: a former version let several have it."""
        keys = [number, number.removeprefix("+")]
        found = self._session.scalars(
            select(PhoneNumber)
            .where(PhoneNumber.key.in_(keys), PhoneNumber.trunk_id != but)
            .order_by(PhoneNumber.id)
        )
        return next((each for each in found if normalised(each.e164 or each.number) == number), None)

    def doubles(self, *, limit: int) -> Sequence[tuple[str, UUID, UUID]]:
        """List lines that another trunk has, oldest first: (line, trunk, environment)."""
        claimed = select(NumberClaim.id).where(
            NumberClaim.trunk_id == PhoneNumber.trunk_id, NumberClaim.line == LINE
        )
        numbers = (
            select(LINE.label("line"), PhoneNumber.trunk_id, PhoneNumber.environment_id)
            .where(~claimed.exists())
            .order_by(PhoneNumber.id)
        )
        has_extension = select(NumberClaim.id).where(
            NumberClaim.trunk_id == TrunkProfileRow.trunk_id, NumberClaim.is_extension
        )
        extensions = (
            select(TrunkProfileRow.extension, Trunk.id, Trunk.environment_id)
            .join(Trunk, Trunk.id == TrunkProfileRow.trunk_id)
            .where(TrunkProfileRow.extension.is_not(None), ~has_extension.exists())
            .order_by(Trunk.id)
        )
        found = (
            (line, trunk_id, environment_id)
            for rows in (numbers, extensions)
            for line, trunk_id, environment_id in self._session.execute(rows)
            # Of two spellings on one trunk one is claimed.
            if line and ((holder := self.holder(normalised(line))) is None or holder.trunk_id != trunk_id)
        )
        return list(islice(found, limit))

    def count_of_environment(self, environment_id: UUID) -> int:
        return self._count(PhoneNumber.environment_id == environment_id)
