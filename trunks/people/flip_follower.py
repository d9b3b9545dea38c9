"""Flips become messages: what was written with a change of state is told, once, in the order of each trunk.

A flip is written in the transaction of its change, marked untold. Here messages, their deliveries and the mark's end
are one transaction under the trunk's lock: whoever is killed in between leaves the mark, and no flip is told twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.report.rulings import RULINGS
from trunks.clock import Clock
from trunks.models.destination_health import DestinationHealth
from trunks.models.flip import Flip
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.people.incident_book import IncidentBook
from trunks.repositories.liveness import LivenessRows
from trunks.repositories.outbox import Announcement, Outbox, state_told
from trunks.repositories.untold_flips import UntoldFlips
from trunks.rules.events import SAYING_WHY, EventFacts, events_of, states_after
from trunks.store.database import Database

_FLIPS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class FlipFollower:
    database: Database
    clock: Clock

    def turn(self) -> int:
        """Tell the oldest untold flips; give the number of flips that were told. Raises StoreUnavailable."""
        if not self._any():
            return 0
        with self.database.write() as session:
            flips = UntoldFlips(session)
            trunks = flips.locked(flips.trunks(limit=_FLIPS_AT_ONCE))
            found = flips.of(trunks)
            outbox = Outbox(session, {trunk.environment_id for trunk in trunks.values()}, self.clock())
            heard = {each: of for each, of in found.items() if _is_heard(trunks[each], outbox)}
            IncidentBook(session, outbox).enter(trunks, found)
            why = _Why(session, heard, trunks)
            for trunk_id, of in heard.items():
                for announcement in _announcements(trunks[trunk_id], of, why):
                    outbox.announce(trunks[trunk_id], announcement)
            outbox.write()
            told = [flip.id for of in found.values() for flip in of]
            flips.told(told)
            return len(told)

    def _any(self) -> bool:
        with self.database.question() as session:
            return bool(UntoldFlips(session).trunks(limit=1))


def _is_heard(trunk: Trunk, outbox: Outbox) -> bool:
    # A draft is shown to nobody.
    return not trunk.is_draft and outbox.hears(trunk.environment_id)


class _Why:
    """What was observed where something is wrong: by the run that made the flip, else by the destination's check."""

    def __init__(
        self, session: Session, flips: Mapping[UUID, Sequence[Flip]], trunks: Mapping[UUID, Trunk]
    ) -> None:
        run_ids = {each.verification_id for of in flips.values() for each in of}
        runs = UntoldFlips(session).runs([each for each in run_ids if each is not None])
        self._runs: Mapping[UUID, Verification] = {run.id: run for run in runs}
        first = {trunk_id: trunks[trunk_id].gateways[0].destination_id for trunk_id in flips}
        checked = LivenessRows(session).all_of(set(first.values()))
        self._checked = {trunk_id: checked.get(each) for trunk_id, each in first.items()}

    def of(self, flip: Flip) -> dict[str, Any]:
        """Give reason, party, summary and advice, as far as they were observed."""
        run = None if flip.verification_id is None else self._runs.get(flip.verification_id)
        if run is not None and run.reason is not None:
            return told_of(run)
        return _checked_facts(self._checked[flip.trunk_id])


def told_of(run: Verification) -> dict[str, Any]:
    """What a run that came to something says."""
    reason = run.reason
    return {
        "reason": None if reason is None else reason.value,
        "party": None if reason is None else RULINGS[reason].party.value,
        "summary": run.summary,
        "advice": run.advice,
    }


def _checked_facts(checked: DestinationHealth | None) -> dict[str, Any]:
    if checked is None or checked.reason is None or checked.alive:
        return {}
    status = "" if checked.sip_status is None else f": it answered {checked.sip_status}"
    return {
        "reason": checked.reason.value,
        "party": RULINGS[checked.reason].party.value,
        "summary": f"The carrier is not alive ({checked.reason}){status}.",
    }


def _announcements(trunk: Trunk, flips: Sequence[Flip], why: _Why) -> Iterator[Announcement]:
    states = states_after(state_told(trunk), [flip.changes for flip in flips])
    for flip, state in zip(flips, states, strict=True):
        for event in events_of(flip.changes):
            said = why.of(flip) if event in SAYING_WHY else {}
            if "provisioning_error" in flip.changes and flip.changes["provisioning_error"][1]:
                said = {"summary": flip.changes["provisioning_error"][1]}
            facts = EventFacts(
                trunk_id=trunk.id, name=trunk.name, verification_id=flip.verification_id, **said
            )
            yield Announcement(event, flip.at, facts, state)
