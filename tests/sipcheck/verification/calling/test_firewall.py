"""Sound that a firewall drops on the way: in a network of the test's own, by rules of nftables."""

import subprocess
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path

import pytest

from sipcheck import Engine, EngineSettings, parse_target
from sipcheck.carrier.behaviours import CallBehaviour
from sipcheck.carrier.server import PracticeCarrier
from sipcheck.media.sockets import PortRange
from sipcheck.reasons import CallReason, CallVerdict
from sipcheck.report.call_report import CallReport
from sipcheck.target import TransportName
from tests.peers.baresip import Baresip
from tests.peers.network_namespace import NamespaceRefused, run_in_namespace
from tests.peers.programs import find_program
from tests.sipcheck.conftest import LOOPBACK
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
# A telephone reports every few seconds what it hears, and sends whatever it hears.
OF_A_TELEPHONE = {
    "nothing": (DROPPED["nothing"], 1.8),
    "all of it": (DROPPED["all of it"], 1.8),
    "the sound": (DROPPED["the sound"], 7.0),
    "ours": (("udp sport 30000 drop", CallVerdict.FAILED, CallReason.MEDIA_ONE_WAY, "in-only"), 14.0),
}


def filter_by(rule: str) -> None:
    """Let the kernel drop, in the network of this thread."""
    rules = f"table inet t {{ chain arriving {{ type filter hook input priority 0; policy accept; {rule}; }}; }}\n"
    command = [str(find_program("nft")), "-f", "-"]
    subprocess.run(command, input=rules.encode(), check=True, capture_output=True)


def apart(make: Callable[[], Coroutine[object, object, CallReport]]) -> CallReport:
    try:
        return run_in_namespace(make)
    except NamespaceRefused as error:
        pytest.skip(f"this system grants no network namespace: {error}")


@pytest.mark.parametrize(("rule", "verdict", "reason", "direction"), DROPPED.values(), ids=list(DROPPED))
def test_what_a_firewall_drops_is_seen(
    rule: str, verdict: CallVerdict, reason: CallReason, direction: str
) -> None:

    async def make() -> CallReport:
        filter_by(rule)
        async with PracticeCarrier(calls=CallBehaviour.ECHO, transports=(TransportName.UDP,)) as carrier:
            return await call(carrier, replace(USUAL, ports=PORTS))

    report = apart(make)
    assert (report.outcome, report.reason, report.media.direction) == (verdict, reason, direction), (
        report.summary
    )


# Its reports have to come, which takes their time.
@pytest.mark.parametrize(
    "dropped",
    [
        "nothing",
        "all of it",
        pytest.param("the sound", marks=pytest.mark.long),
        pytest.param("ours", marks=pytest.mark.long),
    ],
)
def test_what_it_drops_of_a_real_telephone_is_seen(dropped: str, tmp_path: Path) -> None:
    (rule, verdict, reason, direction), talk_seconds = OF_A_TELEPHONE[dropped]

    async def make() -> CallReport:
        filter_by(rule)
        with Baresip(tmp_path / "baresip") as telephone:
            async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
                target = parse_target(f"sip:127.0.0.1:{telephone.port};transport=udp")
                return await engine.call(target, replace(USUAL, talk_seconds=talk_seconds, ports=PORTS))

    report = apart(make)
    assert (report.outcome, report.reason, report.media.direction) == (verdict, reason, direction), (
        report.summary,
        report.media,
    )
