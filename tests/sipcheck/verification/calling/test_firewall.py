"""Sound that a firewall drops on the way: in a network of the test's own, by rules of nftables."""

import subprocess
from dataclasses import replace

import pytest

from sipcheck.carrier.behaviours import CallBehaviour
from sipcheck.carrier.server import PracticeCarrier
from sipcheck.media.sockets import PortRange
from sipcheck.reasons import CallReason, CallVerdict
from sipcheck.report.call_report import CallReport
from sipcheck.target import TransportName
from tests.peers.network_namespace import NamespaceRefused, run_in_namespace
from tests.peers.programs import find_program
from tests.sipcheck.verification.calling.test_call import USUAL, call

pytestmark = pytest.mark.peers

# Ours alone: RTP on the first, RTCP on the second. The carrier takes others.
PORTS = PortRange(30000, 30001)

# What the firewall drops on its way to us, and what can be seen then.
DROPPED = {
    "nothing": ("", CallVerdict.ANSWERED, CallReason.CALL_ANSWERED, "both"),
    "all of it": ("udp dport { 30000, 30001 } drop", CallVerdict.FAILED, CallReason.MEDIA_SILENT, "none"),
    "the sound": ("udp dport 30000 drop", CallVerdict.FAILED, CallReason.MEDIA_ONE_WAY, "out-only"),
}


@pytest.mark.parametrize(("rule", "verdict", "reason", "direction"), DROPPED.values(), ids=list(DROPPED))
def test_what_a_firewall_drops_is_seen(
    rule: str, verdict: CallVerdict, reason: CallReason, direction: str
) -> None:
    rules = f"table inet t {{ chain arriving {{ type filter hook input priority 0; policy accept; {rule}; }}; }}\n"

    async def make() -> CallReport:
        command = [str(find_program("nft")), "-f", "-"]
        subprocess.run(command, input=rules.encode(), check=True, capture_output=True)  # noqa: ASYNC221
        async with PracticeCarrier(calls=CallBehaviour.ECHO, transports=(TransportName.UDP,)) as carrier:
            return await call(carrier, replace(USUAL, ports=PORTS))

    try:
        report = run_in_namespace(make)
    except NamespaceRefused as error:
        pytest.skip(f"this system grants no network namespace: {error}")
    assert (report.outcome, report.reason, report.media.direction) == (verdict, reason, direction), (
        report.summary
    )
