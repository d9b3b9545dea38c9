"""Credentials about to leave: committed for many runs at once, before they do (docs/design/queue.md, "Groups")."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from trunks.repositories.verifications import Verifications
from trunks.runs.credential_freeze import CredentialFreezer, Refusal
from trunks.runs.sending import Departure


class Departures:
    """Works inside a transaction of its caller, which has locked nothing yet."""

    def __init__(self, session: Session) -> None:
        self._runs = Verifications(session)
        self._freezer = CredentialFreezer(session)

    def record(self, departures: Sequence[Departure], now: datetime) -> list[bool | Refusal]:
        """Answer each as trunks.runs.claims.RunClaims.send_credentials does."""
        refusals = self._freezer.judge(departures, now)
        fenced = {
            each.claim.verification_id: each.claim.claim_id
            for each, refusal in zip(departures, refusals, strict=True)
            if refusal is None and now < each.claim.lease_until
        }
        ours = self._runs.record_sent(fenced, now)
        answers = [
            each.claim.verification_id in ours if refusal is None else refusal
            for each, refusal in zip(departures, refusals, strict=True)
        ]
        self._freezer.hold([each for each, answer in zip(departures, answers, strict=True) if answer is True])
        return answers
