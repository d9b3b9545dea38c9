"""What `trunkd doctor` looks at on the voice infrastructure: it is asked, and nothing is changed there."""

import asyncio
import time
import urllib.error
import urllib.request
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException

from trunkd.doctor_checks import CheckFailed
from trunks.errors import SettingsInvalid
from trunks.installation.provisioner_choice import make_provisioner
from trunks.installation.settings import Settings
from trunks.voice.provisioner import FailureCause, Provisioner, ProvisioningFailed

_WITHIN_SECONDS = 4.0
# What LiveKit forgives a token: one made by a clock that is further ahead of its own is refused.
_TOKEN_LEEWAY_SECONDS = 60.0
# The header has whole seconds, and the answer was on its way.
_DATE_MAY_DIFFER_SECONDS = 5.0
_NO_SIDE = "ST_trunkd_doctor"

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
