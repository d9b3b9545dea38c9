"""Credentials known by a hash: any of the four makes another name."""

import pytest

from trunks.secrets.credential_key import CredentialHash

KEY = CredentialHash(b"k" * 32)
GIVEN = ("carrier.example", "realm", "alice", "secret")


@pytest.mark.parametrize("place", range(4))
def test_a_change_of_any_of_the_four_gives_another_key(place: int) -> None:
    changed = [*GIVEN]
    changed[place] += "x"
    assert KEY.key(*changed) != KEY.key(*GIVEN)


def test_parts_do_not_run_into_each_other() -> None:
    assert KEY.key("a", "bc", "d", "e") != KEY.key("ab", "c", "d", "e")
    assert KEY.account_key("a", "b", "c") != KEY.key("account", "a", "b", "c")


def test_another_installation_names_them_otherwise() -> None:
    assert CredentialHash(b"x" * 32).key(*GIVEN) != KEY.key(*GIVEN)


@pytest.mark.parametrize("realm", ["", "\x00", "\udcff", "ü"])
def test_any_realm_of_a_peer_is_taken(realm: str) -> None:
    assert len(KEY.key("carrier.example", realm, "alice", "secret")) == 64
