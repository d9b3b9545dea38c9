"""Which inbound trunks LiveKit takes for a conflict, and how it says so."""

import json
from collections.abc import Iterable, Sequence

from livekit.protocol.sip import SIPInboundTrunkInfo

from tests.peers.livekit.numbers import normalized
from tests.peers.livekit.refusal import invalid


def require_no_conflict(trunks: Iterable[SIPInboundTrunkInfo]) -> None:
    """Raise Refusal for the first trunk that takes the calls of one before it."""
    holders: dict[tuple[str, str], SIPInboundTrunkInfo] = {}
    for trunk in trunks:
        for called in _normalized(trunk.numbers):
            for caller in _normalized(trunk.allowed_numbers):
                other = holders.setdefault((called, caller), trunk)
                if other.sip_trunk_id != trunk.sip_trunk_id:
                    raise invalid(_told(trunk, other, caller))


def _normalized(numbers: Sequence[str]) -> Iterable[str]:
    """Give each number once; none means any, which is one of its own."""
    return dict.fromkeys(map(normalized, numbers)) or [""]


def _told(trunk: SIPInboundTrunkInfo, other: SIPInboundTrunkInfo, caller: str) -> str:
    numbers = f"[{' '.join(map(json.dumps, trunk.numbers))}]" if trunk.numbers else "<any>"
    names = f'"{trunk.sip_trunk_id or "<new>"}" and "{other.sip_trunk_id or "<new>"}"'
    told = "without AllowedNumbers set"
    if caller:
        given = next(each for each in trunk.allowed_numbers if normalized(each) == caller)
        told = f"and AllowedNumber {json.dumps(given)}"
    return f"Conflicting inbound SIP Trunks: {names}, using the same number(s) {numbers} {told}"
