"""What `trunkd doctor` looks at on the voice infrastructure: it is asked, and nothing is changed there."""

import asyncio
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException

from trunkd.doctor.checks import CheckFailed
from trunks.errors import InstallationFault, SettingsInvalid, StoreUnavailable
from trunks.installation.installation import Installation
from trunks.installation.provisioner_choice import make_provisioner
from trunks.installation.settings import PREFIX, Settings
from trunks.provisions.strays import Stray
from trunks.voice.provisioner import FailureCause, Provisioner, ProvisionerName, ProvisioningFailed
from trunks.voice.sides import ExistingSide

_WITHIN_SECONDS = 4.0
# What LiveKit forgives a token: one made by a clock that is further ahead of its own is refused.
_TOKEN_LEEWAY_SECONDS = 60.0
# The header has whole seconds, and the answer was on its way.
_DATE_MAY_DIFFER_SECONDS = 5.0
_NO_SIDE = "ST_trunkd_doctor"
# Calls may go wrong for so long.
_LATE_SECONDS = 600.0

_MENDS = {
    FailureCause.DOWN: "start it, or correct LIVEKIT_URL.",
    FailureCause.SLOW: "see why it is slow, or correct LIVEKIT_URL.",
    FailureCause.KEY_REFUSED: "correct LIVEKIT_API_KEY and LIVEKIT_API_SECRET; the key needs the grant sip.admin.",
    FailureCause.NONSENSE: "correct LIVEKIT_URL.",
}


def voice(settings: Settings) -> str:
    """The voice infrastructure answers, takes our key, and has our time of day."""
    try:
        provisioner = make_provisioner(settings, mark=str)
    except SettingsInvalid as fault:
        raise CheckFailed(str(fault), "install that extra.") from fault
    if provisioner is None:
        return "not used: nothing provisions here."
    url = settings.livekit_api().url
    ahead_seconds = _ahead_of(url)
    told = (
        f"LiveKit's clock is {abs(ahead_seconds):.0f} s {'behind' if ahead_seconds > 0 else 'ahead of'} ours"
    )
    try:
        asyncio.run(_ask(provisioner))
    except ProvisioningFailed as failure:
        if failure.cause is FailureCause.KEY_REFUSED and ahead_seconds > _TOKEN_LEEWAY_SECONDS:
            raise CheckFailed(
                f"{failure} {told}, which alone would be reason enough.",
                "run an NTP client on both machines.",
            ) from failure
        raise CheckFailed(str(failure), _MENDS.get(failure.cause, "see LiveKit's log.")) from failure
    if abs(ahead_seconds) > _DATE_MAY_DIFFER_SECONDS:
        raise CheckFailed(
            f"{told}; it refuses our key when it is {_TOKEN_LEEWAY_SECONDS:.0f} s behind.",
            "run an NTP client on both machines.",
            harmless=abs(ahead_seconds) < _TOKEN_LEEWAY_SECONDS,
        )
    return f"LiveKit at {url} answers, and takes the key."


def sides(settings: Settings) -> str:
    """Nothing stands there with our mark that the store cannot answer for."""
    if settings.provisioner is ProvisionerName.NONE:
        return "not looked at: nothing provisions here."
    try:
        with closing(Installation(settings)) as installation:
            strays = _strays(installation)
            paused = installation.provisions.reconciliation.paused()
    except (InstallationFault, StoreUnavailable) as fault:
        raise CheckFailed("the store cannot be asked.", "see the line about the store.") from fault
    except ProvisioningFailed as failure:
        raise CheckFailed("it cannot be asked.", "see the line about the voice infrastructure.") from failure
    if paused and not strays:
        raise CheckFailed(
            "provisioning is paused: nothing is written but what customers ask for, and no drift is mended.",
            "trunkd provision resume lets it go on.",
            harmless=True,
        )
    if not strays:
        return "all with our mark are of trunks here."
    counts = Counter(stray.finding.value for stray in strays)
    told = ", ".join(f"{number} {finding}" for finding, number in sorted(counts.items()))
    raise CheckFailed(
        f"{told}: the store is older than they are, as after a restored backup.",
        "trunkd provision list shows them; adopt or purge them.",
    )


def writes(settings: Settings) -> str:
    """What nobody waits for is written in time."""
    if settings.provisioner is ProvisionerName.NONE:
        return "not looked at: nothing provisions here."
    try:
        with closing(Installation(settings)) as installation:
            waiting = installation.provisions.overview.statistics().waiting
            paused = installation.provisions.reconciliation.paused()
    except (InstallationFault, StoreUnavailable) as fault:
        raise CheckFailed("the store cannot be asked.", "see the line about the store.") from fault
    count, rate = sum(waiting.values()), settings.provisioner_rate
    if not count:
        return "no side waits to be written."
    told = ", ".join(f"{number} for {why}" for why, number in waiting.items() if number)
    pace = f"{rate:g} a second" if rate else "without a limit"
    if not paused and rate and count / rate > _LATE_SECONDS:
        raise CheckFailed(
            f"{count} sides wait to be written at {pace} ({told}).",
            f"look whether a worker runs; raise {PREFIX}PROVISIONER_RATE where the voice infrastructure bears more.",
            harmless=True,
        )
    return f"{count} sides wait to be written at {pace} ({told})."


def _strays(installation: Installation) -> list[Stray]:
    """Raises ProvisioningFailed, SettingsInvalid."""
    provisions = installation.provisions
    mark = provisions.reconciliation.known_mark()
    provisioner = None if mark is None else make_provisioner(installation.settings, mark=lambda: mark)
    if provisioner is None:
        return []
    return provisions.strays.among(asyncio.run(_read_all(provisioner)))


async def _read_all(provisioner: Provisioner) -> Sequence[ExistingSide]:
    try:
        return await provisioner.read_all()
    finally:
        await provisioner.close()


async def _ask(provisioner: Provisioner) -> None:
    """Raises ProvisioningFailed."""
    try:
        await provisioner.find(ids=(_NO_SIDE,), numbers=())
    finally:
        await provisioner.close()


def _ahead_of(url: str) -> float:
    """How many seconds our clock is ahead of the one behind this address; 0 where that says no time."""
    try:
        # The settings let through http and https, and ws for the same.
        plain = url.replace("ws", "http", 1) if url.startswith("ws") else url
        with urllib.request.urlopen(plain, timeout=_WITHIN_SECONDS) as answer:  # noqa: S310
            headers: Message = answer.headers
    except urllib.error.HTTPError as error:
        headers = error.headers
    except (OSError, HTTPException):
        return 0.0
    try:
        return time.time() - parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except ValueError:
        return 0.0
