"""The practice carrier of `up --practice`, and the example that goes with it."""

import os
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sipcheck.carrier.listening import CarrierUnusable
from sipcheck.carrier.server import PracticeCarrier
from sipcheck.target import TransportName
from trunks.installation.settings import PREFIX, Settings
from trunks.tenancy.tenants import DEFAULT_ENVIRONMENT

HOST = "127.0.0.1"
USERNAME = "demo"
PASSWORD = "demo-password"  # noqa: S105 - printed for everyone to see

# The same at each start where it is free, so that a practice trunk of yesterday still leads here.
_USUAL_PORT = 5070
_SECRET_SETTINGS = (f"{PREFIX}DATABASE_URL", f"{PREFIX}SECRET_KEYS")
_TRANSPORTS = (TransportName.UDP, TransportName.TCP)


@asynccontextmanager
async def practice_carrier() -> AsyncIterator[int]:
    """Run it on loopback, and give its port. Raises CarrierUnusable."""
    try:
        carrier = await _start(_USUAL_PORT)
    except CarrierUnusable:
        carrier = await _start(0)
    try:
        yield carrier.udp_port or 0
    finally:
        await carrier.__aexit__(None, None, None)


async def _start(port: int) -> PracticeCarrier:
    carrier = PracticeCarrier(host=HOST, port=port, users={USERNAME: PASSWORD}, transports=_TRANSPORTS)
    return await carrier.__aenter__()


def example(*, settings: Settings, url: str, port: int, token: str | None) -> str:
    """Write what to paste into another terminal: it makes a trunk at the carrier, verifies and shows it."""
    taken = f"TOKEN={token}" if token else f"TOKEN=$({_token_command(settings)})"
    authorization = '-H "Authorization: Bearer $TOKEN"'
    return f"""\
A practice carrier answers at {HOST}:{port} (UDP and TCP). Paste this into another terminal:

{taken}
TRUNK=$(curl -s {url}/api/v1/sip-trunks {authorization} -H 'Content-Type: application/json' \\
  -d '{{"name": "Practice", "provider_name": "practice", "domain": "{HOST}", "port": {port}, "transport": "udp",
       "username": "{USERNAME}", "password": "{PASSWORD}"}}' | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
curl -s -X POST {url}/api/v1/sip-trunks/$TRUNK/verify {authorization}; echo
curl -s {url}/api/v1/sip-trunks/$TRUNK {authorization}; echo
"""


def _token_command(settings: Settings) -> str:
    """The other terminal need not have this one's directory, nor its PATH and settings.

    What is secret is named alone: whoever has it sets it there.
    """
    given = [f"{PREFIX}DATA_DIR={shlex.quote(str(settings.data_dir.absolute()))}"]
    for name in _SECRET_SETTINGS:
        if name in os.environ:
            given.append(f'{name}="${{{name}:?set it as it is set for trunkd up}}"')
    directory, program = shlex.quote(str(Path.cwd())), shlex.quote(str(Path(sys.argv[0]).absolute()))
    return f"cd {directory} && {' '.join(given)} {program} token create --environment {DEFAULT_ENVIRONMENT}"
