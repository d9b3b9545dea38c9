"""Health checks that a peer's guard may count are slowed to what it bears; the others pass."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sipcheck.reasons import Reason
from trunks.health.check import CheckClaim, CheckResult
from trunks.rules.asking import may_be_knock
from trunks.rules.check_pace import FALL, CheckVisit, next_seconds
from trunks.runs.check_ledger import CheckAdmission, CheckLedger, CheckSettlement, CheckWish

COUNTED = frozenset({401, 403, 407})
_SILENT = frozenset({Reason.NO_RESPONSE, Reason.DEADLINE_EXCEEDED})

OnRefused = Callable[[CheckClaim, float], None]


def may_count(status: int | None, reason: Reason) -> bool:
    """Whether a guard may count a question of nobody's that came to this."""
    return status in COUNTED or is_silence(reason)


def is_silence(reason: Reason) -> bool:
    """Whether no answer came at all."""
    return reason in _SILENT


@dataclass(frozen=True, slots=True)
class _Admitted:
    wish: CheckWish
    admission: CheckAdmission


class CheckKnocks:
    """On the engine's loop, but for settle(), which is called where the store is asked."""

    def __init__(self, ledger: CheckLedger) -> None:
        self._ledger = ledger
        self._asked: dict[UUID, _Admitted] = {}
        self._heard: list[CheckSettlement] = []

    async def refused_of(
        self, claims: Sequence[tuple[CheckClaim, Collection[str]]], on_refused: OnRefused
    ) -> set[UUID]:
        """Give the destinations that may not be asked and are refused, each claim given with its addresses."""
        wishes = {
            claim.destination_id: (claim, CheckWish(_visit(claim), limited, claim.lease_until))
            for claim, addresses in claims
            if _may_be_knock(claim) and (limited := self._ledger.limited(addresses))
        }
        refused: set[UUID] = set()
        if not wishes:
            return refused
        admissions = await asyncio.to_thread(self._ledger.admit, [wish for _, wish in wishes.values()])
        for (claim, wish), admission in zip(wishes.values(), admissions, strict=True):
            if admission.wait_seconds is None:
                self._asked[claim.destination_id] = _Admitted(wish, admission)
            else:
                refused.add(claim.destination_id)
                on_refused(claim, admission.wait_seconds)
        return refused

    def heard(self, result: CheckResult) -> CheckResult:
        """Note what a check came to, and say when its destination is asked next."""
        asked = self._asked.pop(result.claim.destination_id, None)
        if asked is None:
            return result
        visit, rest = asked.wish.visit, asked.admission.rest
        silent = is_silence(result.reason)
        # Further silence of a fallen one says nothing new to a guard either.
        counted = may_count(result.sip_status, result.reason) and not (silent and visit.failures >= FALL)
        self._heard.append(CheckSettlement(asked.wish, asked.admission, counted, silent))
        if not (counted or silent):
            return result
        return replace(result, next_seconds=next_seconds(rest, visit, alive=result.alive, silent=silent))

    def refused(self, claim: CheckClaim) -> None:
        """Take back what was admitted here and may not go for another reason."""
        asked = self._asked.pop(claim.destination_id, None)
        if asked is not None:
            self._heard.append(CheckSettlement(asked.wish, asked.admission, counted=False))

    def settle(self) -> None:
        """Write what was heard. Raises StoreUnavailable, and then what was reserved stands."""
        # What is heard meanwhile is for the next time.
        heard = list(self._heard)
        del self._heard[: len(heard)]
        self._ledger.settle(heard)


def _may_be_knock(claim: CheckClaim) -> bool:
    return may_be_knock(claim.asker, by_register=claim.options_ignored, server=claim.answer_server)


def _visit(claim: CheckClaim) -> CheckVisit:
    return CheckVisit(claim.destination_id, None, claim.failures)
