"""What LiveKit keeps for calls that come in, as the matching takes it."""

from livekit.protocol.sip import SIPDispatchRuleInfo, SIPInboundTrunkInfo

from sipcheck.diagnosis.inbound.standing import DispatchRule, InboundTrunk


def read_trunk(info: SIPInboundTrunkInfo) -> InboundTrunk:
    return InboundTrunk(
        id=info.sip_trunk_id,
        numbers=tuple(info.numbers),
        allowed_addresses=tuple(info.allowed_addresses),
        allowed_numbers=tuple(info.allowed_numbers),
        # A user without a password challenges nobody.
        asks_password=bool(info.auth_username and info.auth_password),
    )


def read_rule(info: SIPDispatchRuleInfo) -> DispatchRule:
    return DispatchRule(
        id=info.sip_dispatch_rule_id,
        trunk_ids=tuple(info.trunk_ids),
        numbers=tuple(info.numbers),
        callers=tuple(info.inbound_numbers),
    )
