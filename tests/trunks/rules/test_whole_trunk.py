"""The rules of a whole trunk, one a row."""

from dataclasses import replace
from typing import Any

import pytest

from sipcheck.target import HostPort, TransportName
from trunks.rules.profile import InboundAuthorization, MediaEncryption
from trunks.rules.whole_trunk import Rule, TrunkContradictory, WholeTrunk, judge_change, judge_new

PLAIN = WholeTrunk(
    authorization=InboundAuthorization.AUTH,
    allowed_addresses=(),
    media_encryption=MediaEncryption.NO,
    allow="ulaw,alaw",
    disallow="all",
    transports=(TransportName.UDP,),
    has_username=True,
    has_password=True,
)
TLS, UDP = TransportName.TLS, TransportName.UDP
BY_ADDRESS = {"authorization": InboundAuthorization.IP, "allowed_addresses": ("203.0.113.10",)}
SDES = {"media_encryption": MediaEncryption.SDES, "transports": (TLS,)}
A, B = HostPort("a.example", 5060), HostPort("b.example", 5060)
EVERYONE = ("0.0.0.0/1", "128.0.0.0/1")

# What a trunk is, what changes about it, and the rules that this breaks.
CHANGES: list[tuple[dict[str, Any], dict[str, Any], list[Rule]]] = [
    ({}, BY_ADDRESS, []),
    ({}, {"authorization": InboundAuthorization.IP}, [Rule.ALLOW_LIST]),
    (BY_ADDRESS, {"allowed_addresses": ()}, [Rule.ALLOW_LIST]),
    (BY_ADDRESS, {"allowed_addresses": EVERYONE}, [Rule.ALLOW_LIST]),
    (BY_ADDRESS, {"allowed_addresses": ("here",)}, [Rule.ALLOW_LIST]),
    (BY_ADDRESS, {"allowed_addresses": (), "authorization": InboundAuthorization.AUTH}, []),
    ({}, {"allowed_addresses": ("203.0.113.10",)}, [Rule.ALLOW_LIST]),
    (BY_ADDRESS, {"authorization": InboundAuthorization.AUTH}, [Rule.ALLOW_LIST]),
    ({}, SDES, []),
    ({}, {"media_encryption": MediaEncryption.SDES}, [Rule.ENCRYPTION]),
    (SDES, {"transports": (UDP,)}, [Rule.ENCRYPTION]),
    (SDES, {"transports": (None,)}, [Rule.ENCRYPTION]),
    (SDES, {"transports": (TLS, UDP)}, [Rule.ENCRYPTION]),
    (SDES, {"transports": (UDP,), "media_encryption": MediaEncryption.NO}, []),
    (BY_ADDRESS | {"has_username": False, "has_password": False}, {}, []),
    (
        BY_ADDRESS | {"has_username": False, "has_password": False},
        {"authorization": InboundAuthorization.AUTH},
        [Rule.ALLOW_LIST, Rule.USERNAME, Rule.PASSWORD],
    ),
    (
        BY_ADDRESS | {"has_username": False, "has_password": False},
        {"authorization": InboundAuthorization.AUTH, "has_username": True, "allowed_addresses": ()},
        [Rule.PASSWORD],
    ),
    ({}, {"has_username": False}, [Rule.USERNAME]),
    (BY_ADDRESS | {"has_username": False, "has_password": False}, {"has_username": True}, [Rule.PASSWORD]),
    (BY_ADDRESS | {"has_username": False, "has_password": False}, {"has_password": True}, [Rule.USERNAME]),
    (
        BY_ADDRESS | {"has_username": False, "has_password": False},
        {"has_username": True, "has_password": True},
        [],
    ),
    ({}, {"allow": "alaw,opus"}, []),
    ({}, {"allow": "opus"}, [Rule.CODECS]),
    ({"allow": "", "disallow": ""}, {"disallow": "all"}, [Rule.CODECS]),
    ({"places": (A, B)}, {"places": (A, A)}, [Rule.GATEWAYS]),
    ({"places": (A, B)}, {"places": (B, A)}, []),
    ({"places": (A, B)}, {"places": (A, replace(A, port=5070))}, []),
    ({"places": (A, replace(A, port=5061))}, {"places": (replace(A, port=5061),) * 2}, [Rule.GATEWAYS]),
    ({"outbound_proxy": "proxy.example"}, {"fixed_egress": True}, [Rule.EGRESS]),
    ({"fixed_egress": True}, {"outbound_proxy": "proxy.example"}, [Rule.EGRESS]),
    ({"fixed_egress": True}, {"fixed_egress": False, "outbound_proxy": "proxy.example"}, []),
    ({"transports": (TLS,)}, BY_ADDRESS | {"allowed_addresses": ()}, [Rule.ALLOW_LIST]),
    (
        BY_ADDRESS | SDES,
        {"allowed_addresses": (), "transports": (UDP,)},
        [Rule.ALLOW_LIST, Rule.ENCRYPTION],
    ),
]


@pytest.mark.parametrize(("present", "change", "broken"), CHANGES)
def test_a_change_is_judged_by_the_trunk_that_results(
    present: dict[str, Any], change: dict[str, Any], broken: list[Rule]
) -> None:
    old = replace(PLAIN, **present)
    assert broken_by(lambda: judge_change(old, replace(old, **change))) == broken


@pytest.mark.parametrize(("present", "change", "broken"), CHANGES)
def test_a_new_trunk_is_judged_by_the_same_rules_but_may_lack_user_and_password(
    present: dict[str, Any], change: dict[str, Any], broken: list[Rule]
) -> None:
    new = replace(PLAIN, **(present | change))
    told = [rule for rule in broken if rule not in (Rule.USERNAME, Rule.PASSWORD)]
    assert broken_by(lambda: judge_new(new)) == told


@pytest.mark.parametrize(
    "change",
    [
        {"has_username": False, "has_password": False},
        {"media_encryption": MediaEncryption.NO},
        {"allowed_addresses": ("192.0.2.1",)},
        {"places": (HostPort("a.example", 5061),) * 2},
        {"places": (A, B)},
        {"outbound_proxy": None},
    ],
)
def test_what_was_wrong_before_its_rule_stops_no_other_change(change: dict[str, Any]) -> None:
    old = replace(
        PLAIN,
        authorization=InboundAuthorization.IP,
        allowed_addresses=EVERYONE,
        media_encryption=MediaEncryption.SDES,
        allow="opus",
        places=(A, A),
        fixed_egress=True,
        outbound_proxy="proxy.example",
    )
    judge_change(old, replace(old, **change))
    judge_change(old, old)


def broken_by(judge: Any) -> list[Rule]:
    try:
        judge()
    except TrunkContradictory as refused:
        return [each.rule for each in refused.broken]
    return []
