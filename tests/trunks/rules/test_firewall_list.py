"""Who may reach the SIP port, as a firewall takes it."""

import asyncio
import subprocess
from functools import partial

import pytest

from tests.peers.network_namespace import run_in_namespace
from tests.peers.programs import find_program
from trunks.rules.firewall_list import FirewallList

ENTRIES = [
    "203.0.113.7",
    "203.0.113.0/24",
    "203.0.113.9/32",
    "198.51.100.1",
    "2001:db8::/32",
    "2001:db8::1",
    "garbage",
]


def test_a_network_stands_once() -> None:
    assert FirewallList.of(ENTRIES).plain() == "198.51.100.1/32\n203.0.113.0/24\n2001:db8::/32\n"
    assert FirewallList.of([]).plain() == ""


@pytest.mark.peers
@pytest.mark.parametrize("entries", [ENTRIES, ENTRIES[:3], ["2001:db8::1"], []])
def test_nft_loads_the_set(entries: list[str]) -> None:
    printed, program = FirewallList.of(entries).nftables(), str(find_program("nft"))

    async def load() -> subprocess.CompletedProcess[str]:
        arguments = [program, "-c", "-f", "-"]
        return await asyncio.to_thread(
            partial(subprocess.run, arguments, input=printed, capture_output=True, text=True)
        )

    loaded = run_in_namespace(load)
    assert (loaded.returncode, loaded.stderr) == (0, "")
