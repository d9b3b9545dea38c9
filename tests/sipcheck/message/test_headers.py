"""RFC 3261 §7.3, §7.3.1, §7.3.3."""

from sipcheck.message.headers import Headers

LINES = (
    ("v", "SIP/2.0/UDP a;branch=1"),
    ("VIA", "SIP/2.0/UDP b, SIP/2.0/UDP c"),
    ("Contact", '"Doe, Jane" <sip:j,d@a>;q=0.5, <sip:b>'),
    ("Subject", ""),
    ("k", "path"),
)


def test_names_match_without_case_and_in_compact_form() -> None:
    headers = Headers(LINES)
    assert headers.get("via") == headers.get("V") == "SIP/2.0/UDP a;branch=1"
    assert headers.get_all("Via") == ("SIP/2.0/UDP a;branch=1", "SIP/2.0/UDP b, SIP/2.0/UDP c")
    assert headers.get("Supported") == "path"
    assert headers.get("s") == ""
    assert headers.get("To") is None
    assert headers.get_all("To") == ()
    assert "m" in headers
    assert "To" not in headers


def test_values_split_at_commas_outside_quotes_and_brackets() -> None:
    headers = Headers(LINES)
    assert headers.split("Via") == ("SIP/2.0/UDP a;branch=1", "SIP/2.0/UDP b", "SIP/2.0/UDP c")
    assert headers.split("Contact") == ('"Doe, Jane" <sip:j,d@a>;q=0.5', "<sip:b>")
    assert headers.split("Subject") == ()


def test_lines_keep_their_order() -> None:
    headers = Headers(LINES)
    assert tuple(headers) == LINES
    assert len(headers) == 5
    assert headers == Headers(LINES)
