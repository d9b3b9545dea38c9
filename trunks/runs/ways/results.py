"""What runs say of the ways of their trunks' calls (docs/design/infrastructure.md, "The way of calls")."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.guard import FORBIDDEN
from sipcheck.report.model import Report
from trunks.models.provision import ProvisionOccasion
from trunks.models.trunk import Trunk
from trunks.repositories.form_proofs import FormProofs, HeardForm
from trunks.repositories.way_findings import WayFindings
from trunks.rules.health import liveness_of
from trunks.rules.way_evidence import Dialled, WayFinding
from trunks.rules.way_of_report import finding_of
from trunks.runs.claimed_run import ClaimedGateway, ClaimedRun
from trunks.runs.result_rules import WayRules
from trunks.runs.ways.choice import LedTrunk, WayChoice


@dataclass(frozen=True, slots=True)
class WayFound:
    """What a run learned of a gateway beside its report: where calls to the address as given would go, and answers to
    forms.
    """

    dialled: Dialled | None = None
    heard: Sequence[HeardForm] = ()


NOTHING_FOUND = WayFound()


class WayResults:
    """Works inside a transaction of its caller, under the trunks' locks: takes reports, and writes when told to."""

    def __init__(self, session: Session, rules: WayRules | None) -> None:
        self._session = session
        self._rules = rules
        self._found: dict[UUID, WayFinding] = {}
        self._led: dict[UUID, LedTrunk] = {}
        self._heard: list[HeardForm] = []
        self._forbidden: set[UUID] = set()

    def take(
        self, trunk: Trunk, claim: ClaimedRun, reports: Sequence[Report], found: Sequence[WayFound]
    ) -> None:
        """Take the reports of the gateways, of the trunk's current generation; only what lives says anything."""
        if self._rules is None:
            return
        gateways = claim.gateways[: len(reports)]
        for gateway, report, each in zip_longest(gateways, reports, found[: len(reports)]):
            if report.reason in FORBIDDEN and not trunk.is_draft:
                self._forbidden.add(gateway.destination_id)
            if liveness_of(report):
                self._take_living(trunk, claim, gateway, report, each or NOTHING_FOUND)

    def _take_living(
        self, trunk: Trunk, claim: ClaimedRun, gateway: ClaimedGateway, report: Report, found: WayFound
    ) -> None:
        self._heard += found.heard
        if not trunk.is_draft:
            self._found[gateway.destination_id] = finding_of(report, gateway.target(), dialled=found.dialled)
            self._led[trunk.id] = LedTrunk(trunk, claim.gateways)

    def write(self, now: datetime) -> None:
        """Keep what was found and the ways that follow, and ask for the sides of those that are led otherwise."""
        if self._rules is None or not (self._led or self._heard or self._forbidden):
            return
        changed = FormProofs(self._session).hear(self._heard, now)
        findings = WayFindings(self._session)
        findings.keep(self._found, now)
        # The other trunks there follow, in transactions of their own.
        findings.make_stale(changed, now)
        findings.forbid(self._forbidden, now)
        self._session.flush()
        # A run of its own leads a trunk: whoever asked for that may wait for it.
        choice = WayChoice(self._session, self._rules, ProvisionOccasion.ASKED)
        choice.write(list(self._led.values()), now)
