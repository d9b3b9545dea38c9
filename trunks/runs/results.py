"""Results of runs, with all that follows from them, for many runs at once (docs/design/queue.md, "Groups")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import CredentialState, Outcome, Party, Reason, WarningCode
from sipcheck.report.model import Report
from trunks.errors import StoreBusy
from trunks.health.verification_liveness import VerificationLiveness
from trunks.models.state_columns import read_state, write_state
from trunks.models.trunk import Trunk
from trunks.repositories.account_proofs import AccountProofs, Turn
from trunks.repositories.incident_trunks import IncidentTrunks
from trunks.repositories.outbox import Announcement, Outbox, state_told
from trunks.repositories.realm_pins import RealmPins
from trunks.repositories.trunks import Flips, Trunks
from trunks.repositories.verifications import Verifications
from trunks.rules.events import EventFacts, EventType
from trunks.rules.incidents import REALM_CHANGED
from trunks.rules.run_facts import realms_of
from trunks.rules.trunk_state import Cause, Verdict, after_verification, changes, counts_as_verified
from trunks.runs.address_limits import AddressLimits
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.credential_freeze import CredentialFreezer
from trunks.runs.credential_proofs import comes_again_at, may_come_again, next_proof_at
from trunks.runs.knock_ledger import Settlement, settle
from trunks.runs.password_turns import PasswordResults
from trunks.runs.result_rules import ResultRules
from trunks.runs.several_gateways import SeveralReport
from trunks.runs.stored_report import written_values
from trunks.runs.ways.results import WayFound, WayResults
from trunks.runs.wishes import Spending


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to. `realms` are those that its credentials were sent to, `spent` what it took of its pace,
    `knocked` what peers' guards may have counted, `ways` what was learned of calls to each gateway.
    """

    claim: ClaimedRun
    report: Report
    realms: Sequence[str] = ()
    spent: Sequence[Spending] = ()
    knocked: Sequence[Settlement] = ()
    ways: Sequence[WayFound] = ()
    # Made by whoever asks, so that no transaction waits for it.
    columns: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", written_values(self.report))


class RunResults:
    """Works inside a transaction of its caller, which has locked nothing yet."""

    def __init__(self, session: Session, rules: ResultRules, limits: AddressLimits) -> None:
        self._session = session
        self._rules = rules
        self._limits = limits
        self._liveness = VerificationLiveness(session, rules.health_pace)
        self._flips: list[dict[str, Any]] = []
        self._turns: set[Turn] = set()
        self._proven: dict[Turn, tuple[int, str]] = {}
        self._refused: set[UUID] = set()
        self._ways = WayResults(session, rules.ways)
        self._passwords = PasswordResults(session, rules.ways)
        self._in_known_realm: set[UUID] = set()
        self._ended: list[tuple[Trunk, ClaimedRun, Report]] = []

    def write(self, results: Sequence[RunResult], now: datetime) -> list[bool | StoreBusy]:
        """Answer each as trunks.runs.claims.RunClaims.finish does."""
        claims = [result.claim for result in results]
        freezer = CredentialFreezer(self._session)
        self._limits.lock(self._session, [each for result in results for each in result.spent])
        freezes = freezer.lock([claim.claim_id for claim in claims])
        alone = len(results) == 1
        # Whoever is alone waits for his trunk, as long as a row is waited for; of several he comes again.
        wanted = {claim.first.trunk_id for claim in claims}
        trunks = Trunks(self._session).locked_among(wanted, skip_locked=not alone)
        # What is not locked by us is locked by another, or gone: its run changes nothing, and what it sent is settled.
        kept_by_another = set() if alone else Trunks(self._session).among(wanted - trunks.keys())
        free = [result for result in results if result.claim.first.trunk_id not in kept_by_another]
        self._limits.settle_within(self._session, [each for result in free for each in result.spent])
        settle(self._session, [each for result in free for each in result.knocked], now)
        pins: dict[tuple[UUID, str], Sequence[str]] = {}
        for result in free:
            freezer.finish(freezes.get(result.claim.claim_id, ()), result.report, now)
            pins |= _proven(result)
        ours = self._end([result for result in free if result.claim.first.trunk_id in trunks], trunks, now)
        RealmPins(self._session).learn(pins, now)
        IncidentTrunks(self._session).realm_known(self._in_known_realm, now)
        self._session.flush()
        self._liveness.write(now)
        self._keep_proofs(now)
        self._passwords.write(now)
        self._ways.write(now)
        self._announce(now)
        Flips(self._session).enter(self._flips)
        return [
            StoreBusy()
            if result.claim.first.trunk_id in kept_by_another
            else result.claim.verification_id in ours
            for result in results
        ]

    def _end(self, results: Sequence[RunResult], trunks: Mapping[UUID, Trunk], now: datetime) -> set[UUID]:
        """Write the runs that are still ours, and apply them to their trunks."""
        claims = {each.claim.verification_id: each.claim.claim_id for each in results}
        columns = {
            each.claim.verification_id: {"counted": self._counts(each, trunks), **each.columns}
            for each in results
        }
        ours = Verifications(self._session).end(columns, claims, {"finished_at": now})
        for result in results:
            claim, report = result.claim, result.report
            if claim.verification_id not in ours:
                continue
            trunk = trunks[claim.first.trunk_id]
            self._ended.append((trunk, claim, report))
            if trunk.generation == claim.generation:
                self._apply(trunk, claim, report, _verdict(claim, report), now)
                reports = [each for _, each in _by_gateway(claim, report)]
                self._ways.take(trunk, claim, reports, result.ways)
                self._passwords.take(trunk, report)
        return ours

    def _counts(self, result: RunResult, trunks: Mapping[UUID, Trunk]) -> bool:
        """Whether its trunk is verified by it as it is configured now."""
        claim = result.claim
        if trunks[claim.first.trunk_id].generation != claim.generation:
            return False
        return counts_as_verified(_verdict(claim, result.report), self._rules.policy)

    def _apply(
        self, trunk: Trunk, claim: ClaimedRun, report: Report, verdict: Verdict, now: datetime
    ) -> None:
        rejected: dict[str, Any] = {}
        if report.outcome is not Outcome.INCONCLUSIVE:
            trunk.last_health_check_at = now
            if CredentialState.REJECTED is report.credentials is not trunk.credentials:
                rejected["credentials"] = [trunk.credentials, report.credentials]
            if report.credentials is not CredentialState.NOT_TESTED:
                trunk.credentials = report.credentials
            if report.credentials is CredentialState.PROVEN:
                self._in_known_realm.add(trunk.id)
            leads_to = {gateway.destination_id for gateway in claim.gateways}
            for destination_id, each in dict(_by_gateway(claim, report)).items():
                self._liveness.record(trunk, destination_id, each, now, leads_to=leads_to)
            trunk.next_proof_at = next_proof_at(trunk, now, self._rules.proof_interval_seconds)
        elif report.party is not Party.CONFIGURATION and may_come_again(trunk):
            since = Verifications(self._session).first_asked_at(trunk.id, trunk.generation) or now
            trunk.next_proof_at = comes_again_at(since, now, self._rules.proof_interval_seconds)
        self._take_proofs(trunk, claim, report)
        old = read_state(trunk)
        new = after_verification(old, verdict, self._rules.policy)
        changed = changes(old, new) | rejected
        write_state(trunk, new)
        if changed:
            trunk.updated_at = now
        if changed := changed | _realm_changed(report):
            self._flips.append(
                {
                    "trunk_id": trunk.id,
                    "generation": trunk.generation,
                    "at": now,
                    "cause": Cause.PROOF if claim.scheduled else Cause.VERIFICATION,
                    "changes": changed,
                    "verification_id": claim.verification_id,
                }
            )

    def _announce(self, now: datetime) -> None:
        """Tell the endpoints that want to hear of every run."""
        ended = [each for each in self._ended if not each[0].is_draft]
        outbox = Outbox(self._session, {trunk.environment_id for trunk, _, _ in ended}, now)
        for trunk, claim, report in ended:
            if outbox.hears(trunk.environment_id):
                outbox.announce(trunk, _finished(trunk, claim, report, now))
        outbox.write()

    def _take_proofs(self, trunk: Trunk, claim: ClaimedRun, report: Report) -> None:
        """Note where the credentials had their turn, and what that says of the account there."""
        if trunk.is_draft or trunk.username is None or trunk.sealed_password is None:
            return
        for destination_id, each in _turns(claim, report):
            turn = Turn(trunk.id, destination_id)
            if each.credentials is CredentialState.PROVEN:
                self._proven[turn] = trunk.generation, trunk.username
            else:
                self._turns.add(turn)
        if report.credentials is CredentialState.REJECTED:
            self._refused.add(trunk.id)

    def _keep_proofs(self, now: datetime) -> None:
        proofs = AccountProofs(self._session)
        proofs.prove(self._proven, now)
        proofs.tried(self._turns - self._proven.keys(), now)
        proofs.refuse(self._refused, now)


def _finished(trunk: Trunk, claim: ClaimedRun, report: Report, now: datetime) -> Announcement:
    facts = EventFacts(
        trunk_id=trunk.id,
        name=trunk.name,
        reason=report.reason.value,
        cause=None if report.cause is None else report.cause.value,
        party=report.party.value,
        summary=report.summary,
        advice=report.advice,
        verification_id=claim.verification_id,
    )
    return Announcement(EventType.FINISHED, now, facts, state_told(trunk))


def _turns(claim: ClaimedRun, report: Report) -> list[tuple[UUID, Report]]:
    """The gateways at which the credentials were to be proven: one that could not be asked had its turn as well."""
    if report.outcome is Outcome.INCONCLUSIVE and not report.edges:
        return []
    found = _by_gateway(claim, report)
    return [each for each in found if each[1].credentials is not CredentialState.NOT_TESTED] or found[:1]


def _proven(result: RunResult) -> dict[tuple[UUID, str], Sequence[str]]:
    """The realms that are to be learned."""
    first = result.claim.first
    if result.report.credentials is not CredentialState.PROVEN or not result.realms:
        return {}
    if first.username is None or first.auth_realm is not None:
        return {}
    return {(first.destination_id, first.username): result.realms}


def _realm_changed(report: Report) -> dict[str, Any]:
    """What a flip says of a run that sent no password, since it was asked for in another realm's name."""
    if report.outcome is not Outcome.INCONCLUSIVE or report.reason is not Reason.REALM_MISMATCH:
        return {}
    return {REALM_CHANGED: list(realms_of(report))}


def _verdict(claim: ClaimedRun, report: Report) -> Verdict:
    return Verdict(
        outcome=report.outcome,
        reason=report.reason,
        some_dead=any(warning.code is WarningCode.EDGE_DOWN for warning in report.warnings),
        unproven=claim.first.sealed_password is not None and report.credentials is not CredentialState.PROVEN,
    )


def _by_gateway(claim: ClaimedRun, report: Report) -> list[tuple[UUID, Report]]:
    if not isinstance(report, SeveralReport):
        return [(claim.first.destination_id, report)]
    destinations = [gateway.destination_id for gateway in claim.gateways]
    return list(zip(destinations, report.gateways, strict=True))
