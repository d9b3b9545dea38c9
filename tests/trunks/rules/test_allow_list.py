"""What would admit everyone never leaves this service."""

import pytest

from trunks.rules.allow_list import AllowListInvalid, read_allow_list


def test_entries_are_normal_sorted_and_each_there_once() -> None:
    given = ["203.0.113.10", " 198.51.100.0/24", "2001:DB8::/32", "203.0.113.10/32"]
    assert read_allow_list(given) == ("198.51.100.0/24", "2001:db8::/32", "203.0.113.10")


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([], "empty"),
        (["0.0.0.0/0"], "admits everyone: together its entries are 0.0.0.0/0"),
        (["::/0"], "admits everyone: together its entries are ::/0"),
        (["0.0.0.0/1", "128.0.0.0/1"], "admits everyone"),
        (["203.0.113.10", "0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1"], "admits everyone"),
        (["192.0.2.1", "::/1", "8000::/1"], "admits everyone"),
        (["203.0.113.10", "carrier.example"], "'carrier.example'"),
        (["203.0.113.300"], "'203.0.113.300'"),
        (["203.0.113.10/24"], "203.0.113.0/24 for all of them"),
        (["203.0.113.10-20"], "'203.0.113.10-20'"),
        (["203.0.113.10 198.51.100.20"], "is no address and no CIDR"),
        (["10.0.0.010"], "'10.0.0.010'"),
        (["fe80::1%eth0"], "fe80::1%eth0"),
        (["::ffff:192.0.2.1"], "write it as IPv4"),
        (["::ffff:0:0/96"], "write it as IPv4"),
        ([""], "''"),
        (["*"], "'*'"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_by_name(entries: list[str], told: str) -> None:
    with pytest.raises(AllowListInvalid) as refused:
        read_allow_list(entries)
    assert told in str(refused.value)


def test_a_netmask_is_written_as_a_prefix() -> None:
    # LiveKit cannot read it, and would drop it.
    assert read_allow_list(["10.0.0.0/255.0.0.0"]) == ("10.0.0.0/8",)
