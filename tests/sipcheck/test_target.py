"""Targets as people write them: what is meant, and what is refused with its mend."""

import traceback
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcheck.errors import CallerError, TargetConflict, TargetInvalid
from sipcheck.target import HostPort, Target, TransportName, parse_host_port, parse_target
from sipcheck.verification.report_without_run import invalid_target_report
from tests.sipcheck.provoked.spoken import assert_spoken

UDP, TCP, TLS = TransportName


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("carrier.example", Target("carrier.example")),
        ("Carrier.EXAMPLE.", Target("carrier.example")),
        ("  carrier.example\n", Target("carrier.example")),
        ("carrier.example:5080", Target("carrier.example", 5080)),
        ("carrier.example.:5080", Target("carrier.example", 5080)),
        ("localhost", Target("localhost")),
        ("my_sbc.carrier.example", Target("my_sbc.carrier.example")),
        ("192.0.2.1", Target("192.0.2.1")),
        ("192.0.2.1:5060", Target("192.0.2.1", 5060)),
        ("2001:DB8:0::1", Target("2001:db8::1")),
        ("[2001:db8::1]", Target("2001:db8::1")),
        ("[2001:db8::1]:5061", Target("2001:db8::1", 5061)),
        ("::1", Target("::1")),
        ("sip:carrier.example", Target("carrier.example")),
        ("SIP:Carrier.Example:5080;Transport=TCP", Target("carrier.example", 5080, TCP)),
        ("sip:carrier.example;transport=tls", Target("carrier.example", None, TLS)),
        ("sip:carrier.example;transport=udp;transport=UDP", Target("carrier.example", None, UDP)),
        ("sip:[2001:db8::1]:5070;transport=udp", Target("2001:db8::1", 5070, UDP)),
        ("sip:carrier.example;lr;x=y", Target("carrier.example")),
        ("sips:carrier.example", Target("carrier.example", None, TLS, secure=True)),
        ("sips:carrier.example:5071", Target("carrier.example", 5071, TLS, secure=True)),
        ("sips:carrier.example;transport=tcp", Target("carrier.example", None, TLS, secure=True)),
        ("bücher.example", Target("xn--bcher-kva.example")),
        ("BÜCHER。example", Target("xn--bcher-kva.example")),
        ("faß.example", Target("xn--fa-hia.example")),
        ("xn--bcher-kva.example", Target("xn--bcher-kva.example")),
        ("１９２.０.２.１", Target("192.0.2.1")),
    ],
)
def test_reads_what_a_person_may_write(text: str, target: Target) -> None:
    """RFC 3261 §19.1, RFC 5891 §4, RFC 5952."""
    assert parse_target(text) == target


@pytest.mark.parametrize(
    ("text", "fault", "mend"),
    [
        ("", "empty", "give a domain"),
        ("   ", "empty", "give a domain"),
        (".", "empty", "give a domain"),
        (":5060", "empty", "give a domain"),
        ("sip:", "empty", "give a domain"),
        ("carrier example", "a space", "remove it"),
        ("carrier\x00.example", "control character", "remove it"),
        ("carrier.example\r\nX: y", "control character", "remove it"),
        ("http://carrier.example", "http: is not a SIP address", "sip:carrier.example"),
        ("https:carrier.example", "https: is not a SIP address", "sip:carrier.example"),
        ("tel:+15551234567", "tel: is not a SIP address", "sip:carrier.example"),
        ("sip://carrier.example", "no slashes", "sip:carrier.example"),
        ("carrier.example/path", "no part of a host name", "letters"),
        ("carrier.example;transport=tcp", "belong to a URI", "sip:carrier.example;transport=tcp"),
        ("sip:carrier.example?Subject=x", "headers", "end the URI"),
        ("alice@carrier.example", "user part", "username"),
        ("sip:alice@carrier.example", "user part", "username"),
        ("sip:alice;day=tuesday@carrier.example", "user part", "username"),
        ("sip:carrier.example?alice@other.example", "user part", "username"),
        ("sip:carrier.example;transport=ws", "'ws' is not spoken", "udp, tcp or tls"),
        ("sip:carrier.example;transport=sctp", "'sctp' is not spoken", "udp, tcp or tls"),
        ("sip:carrier.example;transport", "'' is not spoken", "udp, tcp or tls"),
        ("sip:carrier.example;transport=udp;transport=tcp", "tcp and udp", "name one"),
        ("sip:carrier.example;maddr=10.0.0.1", "maddr", "outbound proxy"),
        ("sips:carrier.example;transport=udp", "needs TLS", "sip: for udp"),
        ("carrier.example:", "nothing stands where the port", "1 to 65535"),
        ("carrier.example:0", "'0' stands where the port", "1 to 65535"),
        ("carrier.example:65536", "'65536' stands", "1 to 65535"),
        ("carrier.example:-1", "'-1' stands", "1 to 65535"),
        ("carrier.example:5o60", "'5o60' stands", "1 to 65535"),
        ("carrier.example:٥٠٦٠", "stands where the port", "1 to 65535"),
        ("[2001:db8::1", "] after the IPv6 address is missing", "[2001:db8::1]"),
        ("[2001:db8::1]5060", "only a port", "[2001:db8::1]:5060"),
        ("[192.0.2.1]", "no IPv6 address", "[2001:db8::1]"),
        ("[carrier.example]", "no IPv6 address", "[2001:db8::1]"),
        ("carrier.example:5060:5061", "no IPv6 address", "[2001:db8::1]"),
        ("fe80::1%eth0", "zone id", "global address"),
        ("[fe80::1%25eth0]:5060", "zone id", "global address"),
        ("2130706433", "ends in a number", "192.0.2.1"),
        ("0x7f000001", "ends in a number", "192.0.2.1"),
        ("0x7f.1", "ends in a number", "192.0.2.1"),
        ("127.1", "ends in a number", "192.0.2.1"),
        ("0177.0.0.1", "ends in a number", "192.0.2.1"),
        ("127.0.0.1.5", "ends in a number", "192.0.2.1"),
        ("127.0.0.256", "ends in a number", "192.0.2.1"),
        ("１２７.１", "ends in a number", "192.0.2.1"),
        ("a" * 64 + ".example", "64 characters long", "at most 63"),
        (".".join(["a" * 60] * 5), "304 characters long", "at most 253"),
        ("a" * 1_000_000, "1000000 characters long", "at most 1000"),
        ("carrier..example", "two dots", "one dot"),
        (".carrier.example", "one stands first", "one dot"),
        ("-carrier.example", "'-carrier' is no part", "inner hyphens"),
        ("carrier-.example", "'carrier-' is no part", "inner hyphens"),
        ("carrier,example", "no part of a host name", "letters"),
        ("_sip._udp.carrier.example", "name of an SRV record", "carrier.example"),
        ("a\u202e.example", "no domain name may hold", "xn--"),
        ("☎.example", "no domain name may hold", "xn--"),
        ("ü" * 64 + ".example", "no domain name may hold", "xn--"),
    ],
)
def test_refuses_with_the_fault_and_the_mend(text: str, fault: str, mend: str) -> None:
    with pytest.raises(TargetInvalid) as refusal:
        parse_target(text)
    message = str(refusal.value)
    assert fault in message
    assert mend in message
    assert message.isprintable()
    assert len(message) < 400
    report = invalid_target_report(text, refusal.value.sentence, started_at=datetime.now(UTC))
    assert report.summary == message
    assert_spoken(report)


@pytest.mark.parametrize(
    "text",
    [
        "user:hunter2@carrier.example",
        "sip:user:hunter2@carrier.example",
        "sips:user:hunter2@carrier.example;transport=udp",
        "sip:user:hun@hunter2@carrier.example",
        "sip:user;x=hunter2@carrier.example",
        "sip:carrier.example;transport=hunter2@x",
        "user:hunter2%40carrier.example",
        "user:hunter2＠carrier.example",
        "http://user:hunter2@carrier.example",
        "user:hunter2@" + "x" * 2000,
    ],
)
@pytest.mark.parametrize("parse", [parse_target, parse_host_port])
def test_a_password_is_never_repeated(text: str, parse: Callable[[str], object]) -> None:
    with pytest.raises(TargetInvalid) as refusal:
        parse(text)
    assert "hunter2" not in str(refusal.value)
    assert "hunter2" not in "".join(traceback.format_exception(refusal.value))


def test_a_port_or_transport_beside_the_target_is_taken() -> None:
    assert parse_target("carrier.example", port=5080, transport=TCP) == Target("carrier.example", 5080, TCP)


def test_the_same_value_twice_is_no_conflict() -> None:
    target = parse_target("sip:carrier.example:5080;transport=tcp", port=5080, transport=TCP)
    assert target == Target("carrier.example", 5080, TCP)
    assert parse_target("sips:carrier.example", transport=TLS).secure


@pytest.mark.parametrize(
    ("text", "port", "transport", "named"),
    [
        ("carrier.example:5080", 5081, None, ("5080", "5081")),
        ("sip:carrier.example;transport=tcp", None, UDP, ("tcp", "udp")),
        ("sips:carrier.example", None, UDP, ("means TLS", "udp")),
        ("sips:carrier.example", None, TCP, ("means TLS", "tcp")),
    ],
)
def test_different_values_are_the_callers_conflict(
    text: str, port: int | None, transport: TransportName | None, named: tuple[str, str]
) -> None:
    with pytest.raises(TargetConflict) as conflict:
        parse_target(text, port=port, transport=transport)
    assert all(word in str(conflict.value) for word in named)
    assert "give it once" in str(conflict.value)
    assert not isinstance(conflict.value, TargetInvalid)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_beside_the_target_is_checked_too(port: int) -> None:
    with pytest.raises(TargetInvalid, match="1 to 65535"):
        parse_target("carrier.example", port=port)


def test_the_outbound_proxy_is_a_host_of_its_own() -> None:
    target = parse_target("carrier.example", outbound_proxy="Proxy.Example:5070")
    assert target.outbound_proxy == HostPort("proxy.example", 5070)
    assert target.port is None
    with pytest.raises(TargetInvalid, match="outbound proxy 'proxy:x' cannot be used"):
        parse_target("carrier.example", outbound_proxy="proxy:x")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Proxy.Example", "proxy.example"),
        ("192.0.2.53:5353", "192.0.2.53:5353"),
        ("[2001:DB8::53]:53", "[2001:db8::53]:53"),
        ("2001:db8::53", "[2001:db8::53]"),
    ],
)
def test_host_and_port_are_read_and_written(text: str, written: str) -> None:
    assert str(parse_host_port(text)) == written


def _refusal(text: str) -> CallerError | None:
    try:
        parse_target(text)
    except CallerError as refusal:
        return refusal
    return None


@given(st.text(max_size=80) | st.text(alphabet="sip:[].@%0x1;=-_a", max_size=40))
def test_any_text_is_a_target_or_a_callers_error(text: str) -> None:
    if refusal := _refusal(text):
        assert str(refusal).isprintable()
    else:
        target = parse_target(text)
        again = parse_target(str(HostPort(target.domain, target.port)))
        assert (again.domain, again.port) == (target.domain, target.port)
