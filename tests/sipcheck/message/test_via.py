"""RFC 3261 §20.42, RFC 3581, RFC 5118 §4.5."""

import pytest

from sipcheck.message.via import Via


def test_a_via_as_servers_send_it_back() -> None:
    text = "SIP/2.0/UDP 192.0.2.1:5060;rport=5062;received=192.0.2.9;branch=z9hG4bK776"
    via = Via.parse(text)
    assert (via.transport, via.host, via.port) == ("UDP", "192.0.2.1", 5060)
    assert (via.branch, via.received, via.rport) == ("z9hG4bK776", "192.0.2.9", 5062)
    assert not via.wants_rport
    assert str(via) == text


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("SIP / 2.0\t/ UDP \t first.example.com: 4000;ttl=16", "first.example.com", 4000),
        ("sip/2.0/tcp [2001:db8::9:1]:6050", "2001:db8::9:1", 6050),
        ("SIP/2.0/TLS-SCTP host_1 ;branch=a", "host_1", None),
        ("SIP/2.0/UDP 2001:db8::9:1;branch=a", "2001:db8::9:1", None),
    ],
)
def test_sent_by(text: str, host: str, port: int | None) -> None:
    via = Via.parse(text)
    assert (via.host, via.port) == (host, port)


@pytest.mark.parametrize(
    ("params", "rport", "wants"),
    [
        ("", None, False),
        (";rport", None, True),
        (";rport=", None, True),
        (";RPORT=5062", 5062, False),
        (";rport=x", None, False),
        (";rport=99999", None, False),
        (";rport=0", None, False),
    ],
)
def test_rport_absent_empty_filled_and_unusable(params: str, rport: int | None, wants: bool) -> None:
    """RFC 3581 §3, §4."""
    via = Via.parse(f"SIP/2.0/UDP a{params}")
    assert (via.rport, via.wants_rport) == (rport, wants)


@pytest.mark.parametrize("value", ["2001:db8::9:255", "[2001:db8::9:255]"])
def test_received_is_an_address_with_and_without_brackets(value: str) -> None:
    """RFC 5118 §4.5."""
    assert Via.parse(f"SIP/2.0/UDP [2001:db8::9:1];received={value}").received == "2001:db8::9:255"


@pytest.mark.parametrize(
    "value",
    ["192.0.2.9", "::ffff:192.0.2.9", "[::FFFF:192.0.2.9]", "::ffff:c000:209", "0:0:0:0:0:ffff:c000:209"],
)
def test_received_is_ipv4_in_each_spelling_of_it(value: str) -> None:
    """RFC 4291 §2.5.5.2: dual-stack peers write an IPv4 address as a mapped one."""
    assert Via.parse(f"SIP/2.0/UDP a;received={value}").received == "192.0.2.9"


@pytest.mark.parametrize("value", ["", "nat.example.com", "192.0.2.999", "a\x1b[2J"])
def test_received_that_is_no_address_says_nothing(value: str) -> None:
    assert Via.parse(f"SIP/2.0/UDP a;received={value}").received is None


def test_ipv6_sent_by_is_written_in_brackets() -> None:
    assert str(Via("TCP", "2001:db8::1", 5060)) == "SIP/2.0/TCP [2001:db8::1]:5060"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/2.0 host",
        "SIP/3.0/UDP host",
        "HTTP/2.0/UDP host",
        "SIP/2.0/UDP ;branch=a",
        "SIP/2.0/UDP a b",
        "SIP/2.0/UDP a:0",
        "SIP/2.0/U P a",
        "ſIP/2.0/UDP a",
    ],
)
def test_what_is_no_via(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Via.parse(text)
