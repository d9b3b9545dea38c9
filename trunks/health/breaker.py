"""The breaker: when most destinations fail at once the fault is ours (docs/design/sip.md, hazard 7)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from trunks.clock import Clock, utc_now
from trunks.health.check import CheckResult
from trunks.models.mass_fall import MassFall
from trunks.repositories.mass_falls import MassFalls
from trunks.rules.mass_failure import Fall, Hold, holds_back, is_mass_fall, release_of
from trunks.store.database import Database

_log = structlog.get_logger(__name__)


class Breaker:
    """Destinations that fall within `interval_seconds` count together."""

    def __init__(
        self,
        database: Database,
        *,
        fewest_destinations: int,
        interval_seconds: float,
        canary_set: bool,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._fewest = fewest_destinations
        self._interval = timedelta(seconds=interval_seconds)
        self._canary_set = canary_set
        self._clock = clock

    def held(self, failed: Sequence[CheckResult], lost: Mapping[UUID, str]) -> set[UUID]:
        """Give the destinations whose failure is held back; begin a hold where these make a mass fall.

        With those that did not answer come those of which an edge did not; `lost` are those of them that lose an edge
        in use now, each with its address (trunks.health.edge_falls).
        """
        if not failed:
            return set()
        now = self._clock()
        with self._database.read() as session:
            open_fall = MassFalls(session).open()
            fall = None if open_fall is not None else self._fall(MassFalls(session), failed, lost, now)
        if open_fall is None:
            if fall is None or not is_mass_fall(fall, fewest_destinations=self._fewest):
                return set()
            self._begin(fall, now)
            hold = Hold(now, self._canary_set)
        else:
            hold = self._hold(open_fall)
        return {
            result.claim.destination_id
            for result in failed
            if _fell_lately(result, lost) and holds_back(hold, _held_failures(result))
        }

    def _fall(
        self, falls: MassFalls, failed: Sequence[CheckResult], lost: Mapping[UUID, str], now: datetime
    ) -> Fall | None:
        """Count what fell within one interval, these among it, and nothing that fell before the last hold ended."""
        whole = [
            each for each in failed if not each.alive and each.claim.was_alive and each.claim.failures == 0
        ]
        new = {each.claim.destination_id: each.address or each.claim.last_address for each in whole} | dict(
            lost
        )
        if not new:
            return None
        since = now - self._interval
        released_at = falls.last_released_at()
        # A destination that lost one edge after the other, or at last the whole of it, is one.
        fallen, addresses = falls.fallen_since(
            since if released_at is None else max(since, released_at), beside=new.keys()
        )
        addresses.update(address for address in new.values() if address is not None)
        return Fall(
            destinations=fallen + len(new),
            addresses=len(addresses),
            due=falls.due_since(since),
        )

    def _begin(self, fall: Fall, now: datetime) -> None:
        with self._database.write() as session:
            begun = MassFalls(session).begin(fall, now)
        if begun:
            _log.error(
                "mass-fall-held",
                destinations=fall.destinations,
                addresses=fall.addresses,
                due=fall.due,
                canary_set=self._canary_set,
            )

    def _hold(self, fall: MassFall) -> Hold:
        return Hold(fall.began_at, self._canary_set, fall.canary_alive)

    def tend(self) -> bool:
        """End a hold whose time has come; true when it is ours to ask the canary now."""
        with self._database.question() as session:
            if MassFalls(session).open() is None:
                return False
        with self._database.write() as session:
            now = self._clock()
            falls = MassFalls(session)
            fall = falls.open()
            if fall is None:
                return False
            release = release_of(self._hold(fall), now, still_held=falls.still_held())
            if release is None:
                return self._canary_set and falls.take_canary(now)
            released = falls.release(release, now)
        if released:
            _log.warning("mass-fall-released", why=release.value)
        return False

    def canary_answered(self, *, alive: bool) -> None:
        """Record whether the canary lives; where it does the hold ends, where it does not an alarm is logged."""
        with self._database.write() as session:
            MassFalls(session).canary_answered(alive=alive, now=self._clock())
        if not alive:
            _log.error("canary-dead", flips="held")


def _held_failures(result: CheckResult) -> int:
    return result.claim.edge_held_failures if result.alive else result.claim.held_failures


def _fell_lately(result: CheckResult, lost: Mapping[UUID, str]) -> bool:
    """Whether it was healthy before this fall, or its edge: the first failure, or one that follows a held one."""
    claim = result.claim
    if result.alive:
        return claim.destination_id in lost or claim.edge_fell_lately or claim.edge_held_failures > 0
    return claim.was_alive and (claim.failures == 0 or claim.fell_lately or claim.held_failures > 0)
