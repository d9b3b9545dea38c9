"""Rejected passwords: kept from calls, given back, and tried again by schedule (docs/design/infrastructure.md)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import CredentialState, Reason
from sipcheck.report.model import Report
from trunks.clock import Clock
from trunks.models.provision import ProvisionOccasion
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.rejected_passwords import RejectedPasswords
from trunks.repositories.trunks import Flips, Trunks
from trunks.rules.rejected_password import (
    ACCOUNTS_OF_A_BAD_HOUR,
    RejectedPassword,
    decided,
    rejected,
    tried,
)
from trunks.rules.trunk_state import Cause
from trunks.runs.queue import find_or_queue
from trunks.runs.result_rules import WayRules
from trunks.store.database import Database

_TRUNKS_A_TURN = 100


class PasswordResults:
    """Works inside a transaction of its caller, under the trunks' locks: takes reports, and writes when told to."""

    def __init__(self, session: Session, rules: WayRules | None) -> None:
        self._session = session
        self._rules = rules
        self._rejected: dict[UUID, tuple[Trunk, str]] = {}
        self._proven: dict[UUID, Trunk] = {}

    def take(self, trunk: Trunk, report: Report) -> None:
        """Take a report of the trunk's current generation; a 403 may mean much else, and says nothing here."""
        if self._rules is None or trunk.is_draft:
            return
        if report.credentials is CredentialState.PROVEN:
            self._proven[trunk.id] = trunk
        elif report.reason is Reason.CREDENTIALS_REJECTED and report.edges:
            self._rejected[trunk.id] = trunk, report.edges[0].address

    def write(self, now: datetime) -> None:
        if self._rules is None or not (self._rejected or self._proven):
            return
        rows = RejectedPasswords(self._session)
        before = rows.of([*self._rejected, *self._proven])
        known = rows.proven_before(self._rejected.keys()) if self._rejected else set()
        rows.keep(
            {
                trunk_id: rejected(
                    before.get(trunk_id),
                    generation=trunk.generation,
                    address=address,
                    was_proven=(trunk_id, trunk.generation) in known,
                    now=now,
                )
                for trunk_id, (trunk, address) in self._rejected.items()
            }
        )
        proven = [self._proven[trunk_id] for trunk_id in sorted(self._proven.keys() & before.keys())]
        rows.forget([trunk.id for trunk in proven])
        for trunk in proven:
            if before[trunk.id].is_withheld:
                follow(self._session, self._rules, trunk, now, is_withheld=False)


@dataclass(frozen=True, slots=True)
class PasswordTurns:
    """Whoever tends decides what is due, and queues the tries."""

    database: Database
    rules: WayRules | None
    clock: Clock

    def tend(self) -> int:
        """Give how many tries were queued. Raises StoreUnavailable."""
        if self.rules is None:
            return 0
        now = self.clock()
        with self.database.question() as session:
            if not RejectedPasswords(session).any_due(now):
                return 0
        with self.database.write() as session:
            return self._turn(session, self.rules, now)

    def _turn(self, session: Session, rules: WayRules, now: datetime) -> int:
        rows = RejectedPasswords(session)
        lately = rows.lately(now)
        bad = [address for address, count in lately.items() if count >= ACCOUNTS_OF_A_BAD_HOUR]
        due = rows.due(now, limit=_TRUNKS_A_TURN)
        # Those that went before it was seen to be the carrier's trouble come back.
        taken = sorted({*due, *rows.withheld_lately(bad, now)})
        trunks = Trunks(session).locked_among(taken, skip_locked=True)
        queued = 0
        after: dict[UUID, RejectedPassword] = {}
        for trunk_id, before in rows.of(list(trunks)).items():
            trunk = trunks[trunk_id]
            if before.generation != trunk.generation:
                rows.forget([trunk_id])
                continue
            each, comes_back = before, before.is_withheld and before.address in bad
            if comes_back or (before.decide_at is not None and before.decide_at <= now):
                each = decided(before, lately.get(before.address, 0), now)
            if each.try_at is not None and each.try_at <= now:
                each = tried(each)
                find_or_queue(session, trunk, RequestedBy.RETRY, now)
                queued += 1
            if each.is_withheld is not before.is_withheld:
                follow(session, rules, trunk, now, is_withheld=each.is_withheld)
            after[trunk_id] = each
        rows.keep(after)
        return queued


def follow(session: Session, rules: WayRules, trunk: Trunk, now: datetime, *, is_withheld: bool) -> None:
    """Let the outbound side follow, and tell the customer."""
    shown = ["sent", "withheld"] if is_withheld else ["withheld", "sent"]
    Flips(session).record({trunk.id: trunk.generation}, Cause.PROVISIONING, {"outbound_password": shown}, now)
    ProvisionRequests(session, rules.provisioner).lead_anew(trunk.id, now, ProvisionOccasion.GUARD)
