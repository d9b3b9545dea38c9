"""What goes wrong between LiveKit and us, mapped here and nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from google.protobuf.message import DecodeError
from livekit.api import ServerError, ServerErrorCode

from trunks.voice.provisioner import FailureCause, ProvisioningFailed

_SHOWN_CHARACTERS = 300

_UNAVAILABLE_STATUSES = frozenset({502, 503, 504})

_CAUSES = {
    ServerErrorCode.UNAUTHENTICATED: FailureCause.KEY_REFUSED,
    ServerErrorCode.PERMISSION_DENIED: FailureCause.KEY_REFUSED,
    ServerErrorCode.ALREADY_EXISTS: FailureCause.CONFLICT,
    ServerErrorCode.DEADLINE_EXCEEDED: FailureCause.SLOW,
    ServerErrorCode.UNAVAILABLE: FailureCause.DOWN,
}
_SAID = {
    FailureCause.KEY_REFUSED: "LiveKit at {url} refuses the key: {message}. "
    "Check LIVEKIT_API_KEY and LIVEKIT_API_SECRET.",
    FailureCause.CONFLICT: "LiveKit found a conflict: {message}.",
    FailureCause.SLOW: "LiveKit at {url} ran out of time: {message}.",
    FailureCause.DOWN: "LiveKit at {url} is out of order: {message}.",
    FailureCause.REFUSED: "LiveKit refused it: {message}.",
}


class NotThere(ProvisioningFailed):
    """LiveKit has no trunk of this id."""


@asynccontextmanager
async def translated(url: str, timeout_seconds: float) -> AsyncIterator[None]:
    """Bound a call of the client, and raise ProvisioningFailed for whatever it raises; `url` is for the message."""
    try:
        # The client (1.2.2) hands None to aiohttp for each call, which switches its session's timeout off.
        async with asyncio.timeout(timeout_seconds):
            yield
    except ServerError as error:
        raise _of_answer(error, url) from error
    except TimeoutError as error:
        raise ProvisioningFailed(
            FailureCause.SLOW, f"LiveKit at {url} did not answer within {timeout_seconds:g} s."
        ) from error
    except (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise ProvisioningFailed(
            FailureCause.DOWN, f"LiveKit at {url} cannot be reached: {_shown(str(error))}."
        ) from error
    except (DecodeError, UnicodeDecodeError, aiohttp.ClientError) as error:
        raise nonsense(url, "its answer is no message of LiveKit's") from error


def nonsense(url: str, fault: str) -> ProvisioningFailed:
    """Say that whoever answered does not do what LiveKit does."""
    return ProvisioningFailed(
        FailureCause.NONSENSE,
        f"What answers at {url} makes no sense: {fault}. Check that LIVEKIT_URL is LiveKit's address.",
    )


def _of_answer(error: ServerError, url: str) -> ProvisioningFailed:
    message = _shown(f"{error.status} {error.code} {error.message}".strip())
    if error.code == ServerErrorCode.NOT_FOUND:
        return NotThere(FailureCause.REFUSED, f"LiveKit at {url} has no such trunk: {message}.")
    cause = _cause_of(error)
    if cause is FailureCause.NONSENSE:
        return nonsense(url, f"it answered {message}")
    return ProvisioningFailed(cause, _SAID[cause].format(url=url, message=message))


def _cause_of(error: ServerError) -> FailureCause:
    if error.code in _CAUSES:
        return _CAUSES[error.code]
    if error.code == ServerErrorCode.INVALID_ARGUMENT and "onflict" in error.message:
        return FailureCause.CONFLICT
    if error.status in (401, 403):
        return FailureCause.KEY_REFUSED
    if error.status in _UNAVAILABLE_STATUSES:
        return FailureCause.DOWN
    if error.code == ServerErrorCode.UNKNOWN or error.status == 404:
        return FailureCause.NONSENSE
    return FailureCause.DOWN if error.status >= 500 else FailureCause.REFUSED


def _shown(text: str) -> str:
    return " ".join(text.split()).rstrip(".")[:_SHOWN_CHARACTERS]
