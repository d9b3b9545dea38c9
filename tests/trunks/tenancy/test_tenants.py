"""Environments and tokens."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from tests.trunks.forms import Store
from trunks.errors import EnvironmentExists, EnvironmentNotFound, TokenNotFound
from trunks.ids import new_id
from trunks.tenancy.tenants import Caller, Operator


def test_a_token_speaks_for_its_environment_alone(store: Store) -> None:
    tenants = store.installation.tenancy.tenants
    other = tenants.create_environment("other", allow_custom_sip_trunks=False)
    caller = tenants.authenticate(tenants.create_token("other"))
    assert caller is not None
    assert (caller.environment_id, caller.allow_custom_sip_trunks) == (other.id, False)
    assert caller.environment_id != store.caller.environment_id


def test_a_token_is_random_and_not_kept(store: Store) -> None:
    tenants = store.installation.tenancy.tenants
    token = tenants.create_token("acme", label="ci")
    assert re.fullmatch(r"trunks_[\w-]{43}", token)
    assert tenants.create_token("acme") != token
    with store.installation.database.read() as session:
        rows = session.execute(text("SELECT * FROM api_tokens")).all()
    assert token not in repr(rows)
    assert "ci" in repr(rows)


@pytest.mark.parametrize("wrong", ["", "trunks_", "x" * 10_000, "ü"])
def test_a_wrong_token_speaks_for_nobody(store: Store, wrong: str) -> None:
    assert store.installation.tenancy.tenants.authenticate(wrong) is None


def test_a_revoked_token_speaks_for_nobody(store: Store) -> None:
    tenants = store.installation.tenancy.tenants
    token = tenants.create_token("acme")
    caller = tenants.authenticate(token)
    assert caller is not None
    tenants.revoke_token(caller.token_id)
    assert tenants.authenticate(token) is None
    with pytest.raises(TokenNotFound):
        tenants.revoke_token(caller.token_id)
    assert [each.revoked_at is None for each in tenants.tokens()] == [True, False]


def test_a_token_says_who_has_it_and_what_he_may(store: Store) -> None:
    tenants = store.installation.tenancy.tenants
    texts = [
        tenants.create_token("acme"),
        tenants.create_token("acme", read_only=True),
        tenants.create_operator_token(label="console"),
    ]
    full, reading, operator = bearers = tenants.bearers(texts)
    assert isinstance(full, Caller)
    assert isinstance(reading, Caller)
    assert (full.may_write, reading.may_write) == (True, False)
    assert full.environment_id == reading.environment_id == store.caller.environment_id
    assert isinstance(operator, Operator)
    hashes = [each.token_hash for each in tenants.tokens()][1:]
    assert [tenants.of_hashes(hashes)[each] for each in hashes] == bearers
    assert [tenants.authenticate(each) for each in texts] == [full, reading, None]
    assert [each.scope for each in tenants.tokens()][1:] == ["full", "read-only", "operator"]
    assert [each.environment is None for each in tenants.tokens()] == [False, False, False, True]
    tenants.revoke_token(operator.token_id)
    assert tenants.bearer(texts[2]) is None
    assert set(tenants.of_hashes(hashes)) == set(hashes[:2])


def test_what_is_not_there_is_told(store: Store) -> None:
    tenants = store.installation.tenancy.tenants
    with pytest.raises(EnvironmentExists, match="acme"):
        tenants.create_environment("acme")
    with pytest.raises(EnvironmentNotFound, match="nowhere"):
        tenants.create_token("nowhere")
    with pytest.raises(TokenNotFound):
        tenants.revoke_token(new_id())


def test_the_default_environment_is_made_once(store: Store) -> None:
    assert store.installation.tenancy.tenants.create_default() is None
    assert [each.name for each in store.installation.tenancy.tenants.environments()] == ["acme"]


def test_of_several_first_starts_one_makes_the_default_environment(store: Store) -> None:
    with store.installation.database.write() as session:
        session.execute(text("DELETE FROM environments"))
    with ThreadPoolExecutor(4) as threads:
        tokens = list(threads.map(lambda _: store.installation.tenancy.tenants.create_default(), range(4)))
    assert len([token for token in tokens if token]) == 1
    assert [each.name for each in store.installation.tenancy.tenants.environments()] == ["default"]
