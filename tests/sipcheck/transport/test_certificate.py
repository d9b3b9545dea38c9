"""RFC 5922 §7: which names of a certificate speak for a SIP domain."""

import pytest

from sipcheck.transport.certificate import PresentedNames, match_name


def names(
    *,
    uris: tuple[str, ...] = (),
    dns: tuple[str, ...] = (),
    addresses: tuple[str, ...] = (),
    common: tuple[str, ...] = (),
) -> PresentedNames:
    return PresentedNames(uris, dns, addresses, common, has_san=bool(uris or dns or addresses))


@pytest.mark.parametrize(
    ("presented", "domain", "fits"),
    [
        (names(dns=("sip.example.com",)), "sip.example.com", True),
        (names(dns=("SIP.Example.COM.",)), "sip.example.com", True),
        (names(dns=("other.example.com",)), "sip.example.com", False),
        (names(uris=("sip:example.com",), dns=("host.example.net",)), "example.com", True),
        (names(uris=("sip:user@example.com",)), "example.com", False),
        (names(uris=("https:example.com",)), "example.com", False),
        (names(uris=("sips:example.com",)), "example.com", False),
        (names(common=("sip.example.com",)), "sip.example.com", True),
        (names(dns=("other.example",), common=("sip.example.com",)), "sip.example.com", False),
        (names(dns=("*.example.com",)), "sip.example.com", True),
        (names(dns=("*.example.com",)), "a.sip.example.com", False),
        (names(dns=("*.example.com",)), "example.com", False),
        (names(dns=("s*.example.com",)), "sip.example.com", False),
        (names(dns=("*.com",)), "example.com", False),
        (names(dns=("*",)), "example", False),
        (names(addresses=("192.0.2.1",)), "192.0.2.1", True),
        (names(addresses=("2001:db8::1",)), "2001:0db8:0::1", True),
        (names(dns=("192.0.2.1",)), "192.0.2.1", False),
        (names(common=("192.0.2.1",)), "192.0.2.1", False),
    ],
)
def test_names(presented: PresentedNames, domain: str, fits: bool) -> None:
    assert match_name(presented, domain).fits is fits


def test_a_wildcard_is_told_and_refused_to_the_letter() -> None:
    presented = names(dns=("*.example.com",))
    assert match_name(presented, "sip.example.com").wildcard == "*.example.com"
    assert not match_name(presented, "sip.example.com", strict=True).fits


def test_an_exact_name_beside_a_wildcard_needs_no_wildcard() -> None:
    presented = names(dns=("*.example.com", "sip.example.com"))
    assert match_name(presented, "sip.example.com").wildcard is None


def test_a_common_name_alone_is_told() -> None:
    assert match_name(names(common=("sip.example.com",)), "sip.example.com").common_name_only
