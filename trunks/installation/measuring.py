"""The infrastructure is asked for calls to us, under one lease, and what they showed is kept."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sipcheck.target import HostPort
from trunks.errors import InstallationFault, SettingsInvalid
from trunks.installation.installation import Installation
from trunks.installation.provisioner_choice import make_calls
from trunks.rules.infrastructure_facts import InfrastructureFacts
from trunks.voice.asked_calls import CallingInfrastructure
from trunks.voice.infrastructure_check import CheckFound, Doors, check_infrastructure, clear_rooms

Result = TypeVar("Result")


class Run(Protocol):
    """Runs what is asynchronous, and waits for it."""

    def __call__(self, coroutine: Coroutine[Any, Any, Result], /) -> Result: ...


class CheckUnderWay(InstallationFault):
    """The infrastructure is being measured by another process; try again in two minutes."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One check, and what counts since."""

    found: CheckFound
    facts: InfrastructureFacts


def doors_of(listen: HostPort | None, reach: HostPort | None) -> Doors:
    """Say where calls are heard. Raises SettingsInvalid where nobody could call there."""
    if listen is None:
        raise SettingsInvalid(
            "Nothing says where calls are to be heard: give --listen ADDRESS:PORT, or set TRUNKS_INFRASTRUCTURE_LISTEN."
        )
    if reach is None and listen.host == "0.0.0.0":
        raise SettingsInvalid(
            f"{listen} is every address of this machine; give with --reach HOST:PORT, or TRUNKS_INFRASTRUCTURE_REACH, "
            "the one that the voice infrastructure finds it by."
        )
    return Doors(listen, reach or listen)


@dataclass(frozen=True, slots=True)
class Measuring:
    installation: Installation
    run: Run

    def measure(self, doors: Doors, *, accept: bool) -> Measured:
        """Measure now.

        Raises CheckUnderWay, SettingsInvalid, StoreUnavailable, RunInterrupted; ProvisioningFailed, and then all that
        was known stays.
        """
        claim_id = self.installation.provisions.check_turns.claim()
        if claim_id is None:
            raise CheckUnderWay
        return self._measure(claim_id, doors, accept=accept)

    def renew(self, doors: Doors) -> Measured | None:
        """Measure where that is due and nobody else is at it. Raises as measure() does."""
        turns = self.installation.provisions.check_turns
        claim_id = turns.claim() if turns.is_due() else None
        return None if claim_id is None else self._measure(claim_id, doors, accept=False)

    def clear(self) -> bool:
        """Take away what a killed check left; false while another is at it. Raises as measure() does."""
        turns = self.installation.provisions.check_turns
        claim_id = turns.claim()
        if claim_id is None:
            return False
        try:
            self.run(self._clear())
        finally:
            turns.give_back(claim_id, failed=False)
        return True

    def _measure(self, claim_id: UUID, doors: Doors, *, accept: bool) -> Measured:
        turns = self.installation.provisions.check_turns
        try:
            found = self.run(self._check(doors))
        except BaseException as error:
            turns.give_back(claim_id, failed=isinstance(error, Exception))
            raise
        return Measured(found, turns.finish(claim_id, found.measurement, accept=accept))

    async def _check(self, doors: Doors) -> CheckFound:
        async with self._calls() as (calls, mark):
            await clear_rooms(calls, mark)
            return await check_infrastructure(calls, mark, doors)

    async def _clear(self) -> None:
        async with self._calls() as (calls, mark):
            await clear_rooms(calls, mark)

    @asynccontextmanager
    async def _calls(self) -> AsyncIterator[tuple[CallingInfrastructure, str]]:
        calls = make_calls(self.installation.settings)
        if calls is None:
            raise SettingsInvalid("TRUNKS_PROVISIONER: it is none; no voice infrastructure can be asked.")
        mark = await asyncio.to_thread(self.installation.provisions.reconciliation.mark)
        try:
            yield calls, mark
        finally:
            await calls.close()
