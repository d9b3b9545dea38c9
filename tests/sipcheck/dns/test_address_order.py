"""The order of one host's addresses (RFC 6724, RFC 7984)."""

from sipcheck.dns.address_order import has_route, order_addresses

SIX = ("2001:db8::1", "2001:db8::2", "2001:db8::3")
FOUR = ("192.0.2.1", "192.0.2.2")


def test_the_families_take_turns() -> None:
    """RFC 7984 §3.1; RFC 8305 §4."""
    assert order_addresses(SIX, FOUR, lambda _: True) == (
        "2001:db8::1",
        "192.0.2.1",
        "2001:db8::2",
        "192.0.2.2",
        "2001:db8::3",
    )


def test_what_cannot_be_reached_from_here_comes_last() -> None:
    """RFC 6724 §5, rule 1."""
    ordered = order_addresses(SIX[:2], FOUR, lambda address: ":" not in address)
    assert ordered == ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2")


def test_loopback_has_a_route_and_an_impossible_address_has_none() -> None:
    assert has_route("127.0.0.1")
    assert not has_route("255.255.255.255")
