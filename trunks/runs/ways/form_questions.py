"""What a run asks of the ways of calls, beside its verdict (docs/design/infrastructure.md, "The pair")."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sipcheck.dns.infrastructure_dial import Dial
from sipcheck.guard import Guard
from sipcheck.reasons import Outcome
from sipcheck.report.model import Report
from sipcheck.verification.call_form import CallForm, FormAnswer
from sipcheck.verification.call_forms import FormQuestions
from trunks.clock import Clock
from trunks.errors import StoreUnavailable
from trunks.repositories.form_proofs import FormProofs, HeardForm
from trunks.repositories.infrastructure_checks import InfrastructureChecks
from trunks.rules.health import liveness_of
from trunks.rules.way_evidence import Dialled, WayForm
from trunks.rules.way_of_report import dialled_by, evidence_from, finding_of
from trunks.rules.way_pairs import WantedForm, forms_to_prove
from trunks.runs.claimed_run import ClaimedGateway
from trunks.runs.result_rules import WayRules
from trunks.store.database import Database

# What was refused, or could not be judged, is no time to ask for more.
_ASKED_BESIDE = frozenset({Outcome.VERIFIED, Outcome.REACHABLE})


@dataclass(frozen=True, slots=True)
class FormDesk:
    """Says which forms a run is to ask, once for all runs, workers and trunks at a destination.

    `guard` judges where the address as it is given leads.
    """

    database: Database
    rules: WayRules
    guard: Guard
    clock: Clock

    def take(self, destination_id: UUID, wanted: Sequence[Sequence[WantedForm]]) -> list[list[WantedForm]]:
        """Take what is due upon oneself. Raises StoreUnavailable."""
        with self.database.read() as session:
            if InfrastructureChecks(session).facts(self.rules.provisioner).ignores_route:
                wanted = [[each for each in forms if each.form is not WayForm.ROUTE] for forms in wanted]
            due = FormProofs(session).due(destination_id, wanted, self.clock())
        return self._set_out(destination_id, due)

    def take_again(self, destination_id: UUID, edges: Collection[str]) -> list[list[WantedForm]]:
        """Take upon oneself what was asked before at these edges and is due again. Raises StoreUnavailable."""
        with self.database.read() as session:
            proofs = FormProofs(session)
            due = proofs.due(destination_id, proofs.asked_before(destination_id, edges), self.clock())
        return self._set_out(destination_id, due)

    def _set_out(self, destination_id: UUID, due: Sequence[Sequence[WantedForm]]) -> list[list[WantedForm]]:
        if not due:
            return []
        with self.database.write() as session:
            proofs, now = FormProofs(session), self.clock()
            taken = [[each for each in forms if proofs.set_out(destination_id, each, now)] for forms in due]
        return [forms for forms in taken if forms]


class AskedForms:
    """What somebody set out to ask at a destination, as the engine asks it, and what came of it."""

    def __init__(self, destination_id: UUID, taken: Sequence[Sequence[WantedForm]]) -> None:
        self._destination_id = destination_id
        self._wanted = {each.asked(): each for forms in taken for each in forms}
        self.asked = [[each.asked() for each in forms] for forms in taken]

    def heard(self, answers: Sequence[FormAnswer]) -> list[HeardForm]:
        """Say what was answered to which form."""
        return [
            HeardForm(
                self._destination_id,
                wanted.form,
                wanted.edge.name,
                wanted.host,
                same=answer.same,
                silent=answer.silent,
                said=answer.said,
            )
            for answer in answers
            if (wanted := self._wanted.get(answer.form)) is not None
        ]


NO_FORMS = AskedForms(UUID(int=0), ())


class RunForms:
    """Those of one run, at one of its gateways, which may be asked twice; `dialled` and `heard` are what it found."""

    def __init__(self, desk: FormDesk, gateway: ClaimedGateway) -> None:
        self._desk = desk
        self._gateway = gateway
        self._asked: AskedForms | None = None
        self.dialled: Dialled | None = None
        self.heard: list[HeardForm] = []

    def questions(self) -> FormQuestions:
        return FormQuestions(self._find_wanted, self._hear)

    async def _find_wanted(self, report: Report, dial: Dial | None) -> Sequence[Sequence[CallForm]]:
        self.dialled = dialled_by(dial, self._desk.guard) or self.dialled
        if report.outcome not in _ASKED_BESIDE or not liveness_of(report):
            return ()
        target = self._gateway.target()
        found = finding_of(report, target, dialled=self.dialled)
        wanted = forms_to_prove(self._desk.rules.judge(evidence_from(found, target)))
        if not wanted:
            return ()
        destination_id = self._gateway.destination_id
        try:
            taken = await asyncio.to_thread(self._desk.take, destination_id, wanted)
        except StoreUnavailable:
            # The next run asks.
            return ()
        self._asked = AskedForms(destination_id, taken)
        return self._asked.asked

    def _hear(self, answers: Sequence[FormAnswer]) -> None:
        self.heard += [] if self._asked is None else self._asked.heard(answers)
