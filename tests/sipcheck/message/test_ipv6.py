"""The messages of RFC 5118, written from its sections."""

import pytest

from sipcheck.errors import MalformedMessage
from sipcheck.message.parser import parse, top_branch
from sipcheck.message.uri import SipUri


def request(method: str, uri: str, *vias: str, body: str = "") -> bytes:
    lines = [
        f"{method} {uri} SIP/2.0",
        "To: sip:user@example.com",
        "From: sip:user@example.com;tag=81x2",
        *(f"Via: {via}" for via in vias),
        "Call-ID: SSG9559905523997077@hlau_4100",
        "Max-Forwards: 70",
        'Contact: "Caller" <sip:caller@[2001:db8::1]>',
        f"CSeq: 98176 {method}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join((*lines, "", body)).encode()


HOP = "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111"


def test_ipv6_reference() -> None:
    """§4.1."""
    parsed = parse(request("REGISTER", "sip:[2001:db8::10]", HOP))
    assert (parsed.vias[0].host, parsed.vias[0].port) == ("2001:db8::9:1", None)
    assert parsed.headers.get("Contact") == '"Caller" <sip:caller@[2001:db8::1]>'
    assert parsed.defects == ()


@pytest.mark.parametrize(
    ("uri", "host", "port"),
    [
        pytest.param("sip:[2001:db8::10]", "2001:db8::10", None, id="4.1"),
        pytest.param("sip:[2001:db8::10:5070]", "2001:db8::10:5070", None, id="4.3 port ambiguous"),
        pytest.param("sip:[2001:db8::10]:5070", "2001:db8::10", 5070, id="4.4 port unambiguous"),
        pytest.param("sip:user@[2001:db8::192.0.2.1]", "2001:db8::192.0.2.1", None, id="4.10 two colons"),
    ],
)
def test_hosts_of_uris(uri: str, host: str, port: int | None) -> None:
    parsed = SipUri.parse(uri)
    assert (parsed.host, parsed.port) == (host, port)


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("sip:2001:db8::10", id="4.2 no brackets"),
        pytest.param("sip:user@[2001:db8:::192.0.2.1]", id="4.10 three colons"),
    ],
)
def test_invalid_references(uri: str) -> None:
    with pytest.raises(ValueError, match="IPv6"):
        SipUri.parse(uri)


@pytest.mark.parametrize("received", ["[2001:db8::9:255]", "2001:db8::9:255"])
def test_received_with_and_without_delimiters(received: str) -> None:
    """§4.5."""
    via = f"SIP/2.0/UDP [2001:db8::9:1];received={received};branch=z9hG4bKas3-111"
    data = request("OPTIONS", "sip:[2001:db8::10]", via)
    assert parse(data).vias[0].received == "2001:db8::9:255"
    assert top_branch(data) == "z9hG4bKas3-111"


@pytest.mark.parametrize(
    "connection",
    [
        pytest.param("c=IN IP6 2001:db8::20\r\n", id="4.6 IPv6 in SDP"),
        pytest.param("c=IN IP6 2001:db8::1\r\nm=audio 1 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n", id="4.8 both"),
    ],
)
def test_bodies_are_left_alone(connection: str) -> None:
    assert (
        parse(request("INVITE", "sip:user@[2001:db8::10]", HOP, body=connection)).body == connection.encode()
    )


def test_addresses_of_both_families_in_one_via_set() -> None:
    """§4.7."""
    parsed = parse(
        request(
            "BYE",
            "sip:user@host.example.net",
            "SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111",
            "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144",
            "SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200",
        )
    )
    assert [(via.host, via.port) for via in parsed.vias] == [
        ("2001:db8::9:1", 6050),
        ("192.0.2.1", None),
        ("2001:db8::9:255", None),
    ]
    assert parsed.vias[2].received == "192.0.2.200"


def test_ipv4_mapped_addresses() -> None:
    """§4.9."""
    parsed = parse(request("INVITE", "sip:a@b", "SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19"))
    assert (parsed.vias[0].host, parsed.vias[0].port) == ("::ffff:192.0.2.10", 19823)


def test_three_colons_in_a_via_are_refused() -> None:
    """§4.10."""
    with pytest.raises(MalformedMessage, match="IPv6"):
        parse(request("OPTIONS", "sip:a@b", "SIP/2.0/UDP [2001:db8:::192.0.2.1];branch=z9hG4bKa"))
