"""RFC 3261 §19.1, RFC 5118 §4.1-§4.4 and §4.10, the URIs of RFC 4475."""

import pytest

from sipcheck.message.parameters import Parameters
from sipcheck.message.uri import SipUri


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:example.com", SipUri("example.com")),
        ("sips:example.com:5061", SipUri("example.com", 5061, secure=True)),
        ("sip:alice@example.com", SipUri("example.com", user="alice")),
        ("sip:alice:secret@example.com", SipUri("example.com", user="alice", password="secret")),
        ("sip:alice:@example.com", SipUri("example.com", user="alice", password="")),
        ("sip:[2001:db8::10]", SipUri("2001:db8::10")),
        ("sip:[2001:db8::10:5070]", SipUri("2001:db8::10:5070")),
        ("sip:[2001:db8::10]:5070", SipUri("2001:db8::10", 5070)),
        ("sip:user@[2001:db8::192.0.2.1]", SipUri("2001:db8::192.0.2.1", user="user")),
        ("sip:null-%00-null@example.com", SipUri("example.com", user="null-\0-null")),
        ("sip:a%FFb@example.com", SipUri("example.com", user="a\udcffb")),
        (
            "sip:user;par=u%40example.net@example.com",
            SipUri("example.com", user="user;par=u@example.net"),
        ),
        (
            "sip:proxy.example.com;lr;transport=tcp",
            SipUri("proxy.example.com", params=Parameters((("lr", None), ("transport", "tcp")))),
        ),
        (
            "sip:user@example.com?Route=%3Csip:example.com%3E&a=b",
            SipUri("example.com", user="user", headers=(("Route", "%3Csip:example.com%3E"), ("a", "b"))),
        ),
    ],
)
def test_uris_round_trip(text: str, uri: SipUri) -> None:
    assert SipUri.parse(text) == uri
    assert str(uri) == text


@pytest.mark.parametrize(
    ("user", "written"),
    [
        ("+15551234567", "+15551234567"),
        ("user@realm", "user%40realm"),
        ("a:b c#d%", "a%3Ab%20c%23d%25"),
        ("müller", "m%C3%BCller"),
        ("a\r\nVia: x", "a%0D%0AVia%3A%20x"),
    ],
)
def test_any_username_can_be_written(user: str, written: str) -> None:
    uri = SipUri("example.com", user=user)
    assert str(uri) == f"sip:{written}@example.com"
    assert SipUri.parse(str(uri)).user == user


def test_the_scheme_matches_without_case() -> None:
    assert SipUri.parse("SIPS:example.com").secure


def test_an_unescaped_at_sign_stays_in_the_user_part() -> None:
    assert SipUri.parse("sip:user@realm@example.com") == SipUri("example.com", user="user@realm")


def test_a_password_is_not_in_the_repr() -> None:
    assert "secret" not in repr(SipUri.parse("sip:alice:secret@example.com"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "tel:+1",
        "http://example.com",
        "sip:",
        "sip:@example.com",
        "sip::pw@example.com",
        "sip:a b@example.com",
        "sip:a@exa mple.com",
        "sip:a@b\r\nX: y",
        "<sip:a@b>",
        'sip:"a"@b',
        "sip:a@b:0",
        "sip:a@b:65536",
        "sip:2001:db8::10",
        "sip:[2001:db8:::192.0.2.1]",
        "sip:[::1",
        "ſip:example.com",
    ],
)
def test_what_is_no_sip_uri(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        SipUri.parse(text)
