"""The engine as the tests use it: loopback allowed, DNS by the test's own server."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from sipcheck import Credentials, Engine, EngineSettings, Guard, Report, parse_target
from tests.peers.dns_server import DnsServer
from tests.peers.kamailio import PASSWORD, USERNAME

LOOPBACK = Guard(allow_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")))
ALICE = Credentials(USERNAME, PASSWORD)

Verify = Callable[..., Awaitable[Report]]


@pytest.fixture
def dns_server_factory() -> Iterator[Callable[..., DnsServer]]:
    """Start DNS servers; the arguments are those of DnsServer."""
    with ExitStack() as stack:

        def start(zone: str = "", **options: Any) -> DnsServer:
            return stack.enter_context(DnsServer(zone, **options))

        yield start


@pytest.fixture
def windowed() -> bool:
    """Whether UDP goes by the fast path; the engine's own tests run over both."""
    return False


@pytest.fixture
def verify(windowed: bool) -> Verify:
    """Verify a target text with an engine of the test's own."""

    async def run(
        target: str,
        *,
        dns: DnsServer | None = None,
        ca_file: Path | None = None,
        settings: EngineSettings | None = None,
        transport: Any = None,
        outbound_proxy: str | None = None,
        **options: Any,
    ) -> Report:
        settings = settings or EngineSettings(guard=LOOPBACK)
        settings = replace(settings, ca_file=ca_file, nameservers=(dns.address,) if dns else ())
        parsed = parse_target(target, transport=transport, outbound_proxy=outbound_proxy)
        async with Engine(settings, windowed=windowed) as engine:
            return await engine.verify(parsed, **options)

    return run
