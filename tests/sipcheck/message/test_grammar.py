"""RFC 3261 §25.1."""

import pytest

from sipcheck.message.grammar import is_token, read_host_port, read_integer, split_top_level


@pytest.mark.parametrize("text", ["INVITE", "!interesting-Method0123456789_*+`.%indeed'~"])
def test_tokens(text: str) -> None:
    assert is_token(text)


@pytest.mark.parametrize("text", ["", "a b", "a:b", "a/b", "a\n", "naïve", '"a"'])
def test_what_is_no_token(text: str) -> None:
    assert not is_token(text)


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("0009", 9), ("255", 255), ("0" * 9000 + "7", 7)])
def test_integers(text: str, number: int) -> None:
    assert read_integer(text, 255) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "1 ", "1.0", "٣", "²", "256", "9" * 60000, "0x10", "1_0"])
def test_what_is_no_integer_in_range(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        read_integer(text, 255)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.0.2.1", "192.0.2.1", None),
        ("192.0.2.1:5060", "192.0.2.1", 5060),
        ("sip_1.example.com. : 5061", "sip_1.example.com.", 5061),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("[2001:db8::1]:5070", "2001:db8::1", 5070),
        ("[2001:db8::1] : 5070", "2001:db8::1", 5070),
    ],
)
def test_host_and_port(text: str, host: str, port: int | None) -> None:
    assert read_host_port(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":5060",
        "a:",
        "a:0",
        "a:65536",
        "a:x",
        "a b",
        "a\n",
        "é",
        "[]",
        "[a]",
        "[::1",
        "[::1]5060",
        "[::1%eth0]",
        "[::1]:",
        "[192.0.2.1]",
        "2001:db8::1",
        "[2001:db8:::192.0.2.1]",
    ],
)
def test_what_is_no_host_and_port(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_host_port(text)


def test_bare_ipv6_is_an_address_without_port_where_it_is_tolerated() -> None:
    """RFC 5118 §4.3: what looks like a port belongs to the address."""
    assert read_host_port("2001:db8::10:5070", bare_ipv6=True) == ("2001:db8::10:5070", None)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("a,b", ["a", "b"]),
        (" a , b ", ["a", "b"]),
        ("a,,b,", ["a", "", "b", ""]),
        ('"a,b",c', ['"a,b"', "c"]),
        (r'"a\",b",c', [r'"a\",b"', "c"]),
        ('<sip:a,b@c>;d="e,f", "g" <h>', ['<sip:a,b@c>;d="e,f"', '"g" <h>']),
        ('"never closed, b', ['"never closed, b']),
        ("<never closed, b", ["<never closed, b"]),
    ],
)
def test_commas_split_only_at_the_top_level(text: str, parts: list[str]) -> None:
    assert split_top_level(text, ",") == parts
