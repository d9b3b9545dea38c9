"""What is known of the forms of calls, by destination and edge; and who sets out to ask."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from trunks.models.form_proof import SAID_CHARACTERS, FormProofRow
from trunks.repositories.among import among
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository
from trunks.rules.way_evidence import FormProof, FormRefusal, WayForm
from trunks.rules.way_pairs import FormStanding, WantedForm, after_answer, read_wanted

# Whoever set out has had his answer by then, or is gone.
_ANSWERED_WITHIN = timedelta(minutes=1)
_FORGOTTEN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class HeardForm:
    """What an edge answered to a form; `silent` where nothing came."""

    destination_id: UUID
    form: WayForm
    edge: str
    host: str
    same: bool
    silent: bool
    said: str

    @property
    def key(self) -> tuple[UUID, str, WayForm]:
        return self.destination_id, self.edge, self.form


class FormProofs(Repository):
    def due(
        self, destination_id: UUID, wanted: Sequence[Sequence[WantedForm]], now: datetime
    ) -> list[list[WantedForm]]:
        """Of the forms of each edge give those that are to be asked: none behind one that holds."""
        rows = {(row.edge, row.form): row for row in self._rows([destination_id])}
        found = []
        for forms in wanted:
            due: list[WantedForm] = []
            for each in forms:
                row = rows.get((each.edge.name, each.form))
                if row is None:
                    due.append(each)
                    continue
                is_due = row.ask_at <= now or row.host != each.host
                if is_due and row.asked_at <= now - _ANSWERED_WITHIN:
                    due.append(each)
                elif is_due or row.holds:
                    # Another asks at this moment, or nothing behind it is needed.
                    break
            if due:
                found.append(due)
        return found

    def asked_before(self, destination_id: UUID, edges: Collection[str]) -> Sequence[Sequence[WantedForm]]:
        """Give what was ever asked at these edges, a Route before another name."""
        found: dict[str, list[WantedForm]] = {}
        for row in self._rows([destination_id]):
            if row.edge in edges:
                found.setdefault(row.edge, []).append(read_wanted(row.form, row.edge, row.host))
        return [sorted(each, key=lambda wanted: wanted.form is not WayForm.ROUTE) for each in found.values()]

    def set_out(self, destination_id: UUID, wanted: WantedForm, now: datetime) -> bool:
        """Take it on oneself to ask; false where another has since."""
        key = (
            FormProofRow.destination_id == destination_id,
            FormProofRow.edge == wanted.edge.name,
            FormProofRow.form == wanted.form,
        )
        due = or_(FormProofRow.ask_at <= now, FormProofRow.host != wanted.host)
        taken = self._session.execute(
            update(FormProofRow)
            .where(*key, due, FormProofRow.asked_at <= now - _ANSWERED_WITHIN)
            .values(asked_at=now)
            .returning(FormProofRow.id)
            .execution_options(synchronize_session=False)
        )
        if taken.first() is not None:
            return True
        first = {
            "destination_id": destination_id,
            "edge": wanted.edge.name,
            "form": wanted.form,
            "host": wanted.host,
            "asked_at": now,
            "ask_at": now,
            "holds": None,
            "doubts": 0,
            "said": None,
        }
        return insert_or_ignore(self._session, FormProofRow, first, unique=["destination_id", "edge", "form"])

    def hear(self, heard: Collection[HeardForm], now: datetime) -> set[UUID]:
        """Keep what came; give the destinations of which something else is known now.

        What is long past belonged to edges that are gone.
        """
        if not heard:
            return set()
        destination_ids = {each.destination_id for each in heard}
        old = FormProofRow.ask_at < now - _FORGOTTEN_AFTER
        self._session.execute(
            delete(FormProofRow).where(
                among(self._session, FormProofRow.destination_id, destination_ids),
                old,
                FormProofRow.asked_at < now - _FORGOTTEN_AFTER,
            )
        )
        rows = {
            (row.destination_id, row.edge, row.form): row for row in self._rows(destination_ids, lock=True)
        }
        return {
            each.destination_id
            for each in sorted(heard, key=lambda each: each.key)
            if (row := rows.get(each.key)) is not None and _hear(row, each, now)
        }

    def of(
        self, destination_ids: Collection[UUID]
    ) -> Mapping[UUID, tuple[set[FormProof], list[FormRefusal]]]:
        """Give what holds at each destination, and what does not."""
        found: dict[UUID, tuple[set[FormProof], list[FormRefusal]]] = {
            each: (set(), []) for each in destination_ids
        }
        for row in self._rows(destination_ids):
            proofs, refusals = found[row.destination_id]
            if row.holds:
                proofs.add(FormProof(row.form, row.edge, row.host))
            elif row.holds is False:
                refusals.append(FormRefusal(row.form, row.edge, row.said or ""))
        return found

    def _rows(self, destination_ids: Collection[UUID], *, lock: bool = False) -> Sequence[FormProofRow]:
        if not destination_ids:
            return ()
        query = (
            select(FormProofRow)
            .where(among(self._session, FormProofRow.destination_id, destination_ids))
            .order_by(FormProofRow.destination_id, FormProofRow.edge, FormProofRow.form)
        )
        return self._session.scalars(query.with_for_update() if lock else query).all()


def _hear(row: FormProofRow, heard: HeardForm, now: datetime) -> bool:
    """Write an answer; tell whether what holds is other than before."""
    before = (row.holds, row.host)
    known = FormStanding(row.holds, row.doubts) if row.host == heard.host else FormStanding()
    after, row.ask_at = after_answer(known, same=heard.same, silent=heard.silent, now=now)
    row.holds, row.doubts, row.host = after.holds, after.doubts, heard.host
    row.said = None if heard.same else heard.said[:SAID_CHARACTERS]
    return (row.holds, row.host) != before
