"""A message sent to a customer's address: judged by the guard at every try, never followed elsewhere, hardly read."""

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpcore

from sipcheck.engine import Engine
from sipcheck.errors import SipCheckError
from sipcheck.guard import Guard
from sipcheck.sweep.liveness import Liveness, find_edges
from sipcheck.target import Target, TransportName
from trunks.rules.delivery import Try, read_retry_after

_READ_AT_MOST = 4096
_HTTPS_PORT, _HTTP_PORT = 443, 80
# Of a name: each has a share of the one try's time.
_MOST_ADDRESSES = 4

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads."""

    host: str
    port: int
    secure: bool


def place_of(url: str) -> Place:
    """Read a URL that was judged when it was entered. Raises ValueError."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return Place(parts.hostname or "", parts.port or (_HTTPS_PORT if secure else _HTTP_PORT), secure)


async def post(
    engine: Engine,
    url: str,
    headers: Headers,
    body: bytes,
    *,
    now: datetime,
    seconds: float,
    tls: ssl.SSLContext,
) -> Try:
    """Send once, within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            found = await _judged(engine, place_of(url), seconds)
            if isinstance(found, Try):
                return found
            return await _send(_JudgedAddresses(found, seconds), url, headers, body, now, tls)
    except TimeoutError:
        return Try(None, "timeout")
    except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as error:
        return Try(None, "tls" if _is_tls(error) else "connection")
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError):
        return Try(None, "not-http")


async def _judged(engine: Engine, place: Place, seconds: float) -> Sequence[str] | Try:
    """Find the addresses to send to: with one that is forbidden all of them are, since they could change places."""
    try:
        target = Target(domain=place.host, port=place.port, transport=TransportName.TCP)
        found = await find_edges(engine, target, timeout_seconds=seconds)
    except SipCheckError:
        return Try(None, "address")
    if isinstance(found, Liveness):
        return Try(None, found.reason.value)
    addresses = [edge.address for edge in found]
    if not place.secure and not all(
        _is_allowed(each, place.port, engine.settings.guard) for each in addresses
    ):
        return Try(None, "plain-http")
    return addresses[:_MOST_ADDRESSES]


def _is_allowed(address: str, port: int, guard: Guard) -> bool:
    """Whether the operator named the address himself."""
    if (address, port) in guard.allow_endpoints:
        return True
    parsed = ip_address(address)
    return any(parsed.version == network.version and parsed in network for network in guard.allow_networks)


async def _send(
    addresses: "_JudgedAddresses", url: str, headers: Headers, body: bytes, now: datetime, tls: ssl.SSLContext
) -> Try:
    async with (
        httpcore.AsyncConnectionPool(ssl_context=tls, network_backend=addresses) as pool,
        pool.stream("POST", url, headers=list(headers.items()), content=body) as answer,
    ):
        # What it says is nothing to us; a receiver that is still talking behind this has been heard enough.
        read = 0
        async for part in answer.aiter_stream():
            read += len(part)
            if read >= _READ_AT_MOST:
                break
        return Try(answer.status, None, _retry_after(answer.headers, now))


def _retry_after(headers: Iterable[tuple[bytes, bytes]], now: datetime) -> float | None:
    found = next((value for name, value in headers if name.lower() == b"retry-after"), None)
    return None if found is None else read_retry_after(found.decode("latin-1"), now)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


class _JudgedAddresses(httpcore.AsyncNetworkBackend):
    """Dials the addresses that were judged, whatever the name has come to mean since, until one answers.

    They stand with the families in turn (`sipcheck.dns.address_order`), so that a family that leads nowhere costs its
    share of the time and no message.
    """

    def __init__(self, addresses: Sequence[str], seconds: float) -> None:
        self._addresses = addresses
        self._each_seconds = seconds / (len(addresses) + 1)
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, *args: Any, **kwargs: Any
    ) -> httpcore.AsyncNetworkStream:
        *others, last = self._addresses
        for address in others:
            with suppress(httpcore.ConnectError, OSError, TimeoutError):
                async with asyncio.timeout(self._each_seconds):
                    return await self._backend.connect_tcp(address, port, *args, **kwargs)
        return await self._backend.connect_tcp(last, port, *args, **kwargs)

    async def connect_unix_socket(self, path: str, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        raise ValueError("a webhook is never sent to a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)
