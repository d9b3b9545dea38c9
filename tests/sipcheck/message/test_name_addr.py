"""RFC 3261 §20.10, §20.20, §20.39; RFC 4475 on what is refused and what is let through."""

import pytest

from sipcheck.message.name_addr import NameAddr


@pytest.mark.parametrize(
    ("text", "display_name", "uri", "tag"),
    [
        ("<sip:a@b>;tag=1", "", "sip:a@b", "1"),
        ("sip:a@b;tag=1", "", "sip:a@b", "1"),
        ("sip:a@b", "", "sip:a@b", None),
        ("<sip:a@b;tag=uri>", "", "sip:a@b;tag=uri", None),
        ('"A. G. Bell" <sip:a@b> ;Tag=c68', "A. G. Bell", "sip:a@b", "c68"),
        (r'"J Rosenberg \\\"" <sip:a@b>;tag = 98', r"J Rosenberg \\\"", "sip:a@b", "98"),
        ('"a <b>; c" <sip:d@e>;tag=f', "a <b>; c", "sip:d@e", "f"),
        ('""<sip:a@b>', "", "sip:a@b", None),
        ("caller<sip:a@b>;tag=323", "caller", "sip:a@b", "323"),
        ("Bell, Alexander <sip:a@b>;tag=43", "Bell, Alexander", "sip:a@b", "43"),
        ('"Watson, Thomas" < sip:t@example.org >', "Watson, Thomas", "sip:t@example.org", None),
        ("<tel:+15551234567>;tag=1", "", "tel:+15551234567", "1"),
    ],
)
def test_from_and_to(text: str, display_name: str, uri: str, tag: str | None) -> None:
    value = NameAddr.parse(text)
    assert (value.display_name, value.uri, value.tag) == (display_name, uri, tag)
    assert NameAddr.parse(str(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";tag=1",
        "<>",
        "<sip:a@b",
        '"never closed <sip:a@b>',
        # A tag of ours behind these would be part of them.
        'sip:a@b;"tag=2',
        'sip:a@b;x="y\\"',
        '<sip:a@b>;x="y',
        "<sip:a@b>;<x",
        '"a" sip:a@b',
        "<sip:a@b> x",
        '"a"',
        '"a\\"',
        '"a" ;tag=1',
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        NameAddr.parse(text)
