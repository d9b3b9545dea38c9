"""Choosing among NAPTR records (RFC 3263 §4.1)."""

import pytest

from sipcheck.dns.naptr import NaptrRecord, Service, select_services, services_for
from sipcheck.target import TransportName

UDP, TCP, TLS = TransportName


def rule(
    order: int, preference: int, service: str, replacement: str, *, flags: str = "s", regexp: str = ""
) -> NaptrRecord:
    return NaptrRecord(order, preference, flags, service, regexp, replacement)


def test_order_then_preference_decides() -> None:
    """RFC 3403 §4.1, with the example of RFC 3263 §4.1."""
    records = [
        rule(90, 50, "SIP+D2U", "_sip._udp.carrier.example"),
        rule(50, 50, "SIPS+D2T", "_sips._tcp.carrier.example"),
        rule(90, 10, "sip+d2t", "_sip._tcp.carrier.example", flags="S"),
    ]
    assert select_services(records, secure=False) == (
        Service(TLS, "_sips._tcp.carrier.example"),
        Service(TCP, "_sip._tcp.carrier.example"),
        Service(UDP, "_sip._udp.carrier.example"),
    )


@pytest.mark.parametrize(
    "record",
    [
        rule(10, 10, "SIP+D2S", "_sip._sctp.carrier.example"),
        rule(10, 10, "SIPS+D2W", "_sips._ws.carrier.example"),
        rule(10, 10, "E2U+sip", "carrier.example", flags="u", regexp="!^.*$!sip:a@carrier.example!"),
        rule(10, 10, "SIP+D2U", "a.carrier.example", flags="a"),
        rule(10, 10, "SIP+D2U", "_sip._udp.carrier.example", flags=""),
        rule(10, 10, "SIP+D2U", "_sip._udp.carrier.example", regexp="!.*!x!"),
        rule(10, 10, "SIP+D2U", ""),
    ],
)
def test_rules_that_do_not_apply_are_passed_over(record: NaptrRecord) -> None:
    assert select_services([record], secure=False) == ()


def test_sips_takes_tls_alone() -> None:
    """RFC 3263 §4.1: services for a SIPS URI must be SIPS."""
    records = [rule(1, 1, "SIP+D2U", "_sip._udp.x.example"), rule(2, 1, "SIPS+D2T", "_sips._tcp.x.example")]
    assert select_services(records, secure=True) == (Service(TLS, "_sips._tcp.x.example"),)


def test_a_rule_given_twice_counts_once() -> None:
    records = [rule(1, 1, "SIP+D2U", "_sip._udp.x.example"), rule(2, 1, "SIP+D2U", "_sip._udp.x.example")]
    assert len(select_services(records, secure=False)) == 1


@pytest.mark.parametrize(
    ("transport", "secure", "names"),
    [
        (None, False, ["_sip._udp.x.example", "_sip._tcp.x.example", "_sips._tcp.x.example"]),
        (UDP, False, ["_sip._udp.x.example"]),
        (TCP, False, ["_sip._tcp.x.example"]),
        (TLS, False, ["_sips._tcp.x.example"]),
        (None, True, ["_sips._tcp.x.example"]),
    ],
)
def test_without_naptr_the_names_are_made(
    transport: TransportName | None, secure: bool, names: list[str]
) -> None:
    services = services_for("x.example", transport=transport, secure=secure)
    assert [service.srv_name for service in services] == names
