"""The line that keeps a PBX's ban filter off our addresses, for the products that name themselves."""

from ipaddress import ip_address

import pytest

from trunks.rules.connection_details import ban_exemption

ADDRESSES = ["198.51.100.5", "2001:db8::5"]


@pytest.mark.parametrize(
    ("server", "said", "unsaid"),
    [
        ("FPBX-16.0.40(20.5.2)", "FreePBX: enter 198.51.100.5 2001:db8::5 as Trusted", "ignoreip"),
        ("Asterisk PBX 20.9.3", "Asterisk: add to ignoreip in [DEFAULT]", "Event Guard"),
        ("FreeSWITCH-mod_sofia/1.10.12", "allow 198.51.100.5/32 and 2001:db8::5/128 in an access", "FreePBX"),
        ("FusionPBX", "FusionPBX: add to ignoreip in [DEFAULT]", "FreePBX"),
    ],
)
def test_each_product_is_told_in_its_own_words(server: str, said: str, unsaid: str) -> None:
    line = ban_exemption(server, ADDRESSES) or ""
    assert said in line
    assert unsaid not in line
    assert all(str(ip_address(each)) in line for each in ADDRESSES)


def test_who_names_himself_otherwise_is_told_nothing() -> None:
    assert ban_exemption("kamailio (5.8.1)", ADDRESSES) is None
    assert ban_exemption(None, ADDRESSES) is None
    assert ban_exemption("Asterisk PBX 20.9.3", []) is None
