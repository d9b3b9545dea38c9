"""PostgreSQL crashes before its disk has what is not waited for (decision 37): as if the run had never been claimed."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from sipcheck.reasons import CredentialState
from tests.peers.postgres_server import PostgresServer
from tests.trunks.forms import Store, make_report
from trunks.models.verification import VerificationStatus
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.sending import CredentialKeys
from trunks.runs.wishes import Wish

pytestmark = pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)

KEYS = CredentialKeys(key="k" * 64, account_key="a" * 64)
ADDRESS = "192.0.2.1"
PROVEN = make_report(credentials=CredentialState.PROVEN)


@pytest.fixture
def server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """One whose disk has what is not waited for after ten seconds, and not after a fifth of one."""
    _set(postgres_server, "ALTER SYSTEM SET wal_writer_delay = '10s'")
    yield postgres_server
    _set(postgres_server, "ALTER SYSTEM RESET wal_writer_delay")


def _set(server: PostgresServer, statement: str) -> None:
    with server.connect() as connection:
        connection.execute(statement)
        connection.execute("SELECT pg_reload_conf()")


def claim_new(store: Store) -> ClaimedRun:
    claim = store.claim(store.installation.runs.requests.request(store.caller, store.make_trunk().id))
    assert claim is not None
    return claim


def crash(server: PostgresServer, store: Store) -> None:
    server.kill()
    server.start()
    store.installation.database.close()


def status(store: Store, claim: ClaimedRun) -> VerificationStatus:
    return store.run(claim.first.trunk_id, claim.verification_id).status


def admit(store: Store, claim: ClaimedRun) -> bool:
    wish = Wish(
        claim_id=claim.claim_id,
        requests={ADDRESS: 2},
        lease_until=claim.lease_until,
        on_demand=True,
        patience_seconds=1.0,
    )
    (admission,) = store.installation.runs.address_limits.admit([wish])
    return admission.granted


def test_a_forgotten_claim_lets_no_password_out_and_the_run_is_made_anew(
    server: PostgresServer, store: Store
) -> None:
    former = claim_new(store)
    assert admit(store, former)
    assert status(store, former) is VerificationStatus.RUNNING
    crash(server, store)
    assert status(store, former) is VerificationStatus.QUEUED
    assert not store.send(former, KEYS)
    assert not store.finish(former, PROVEN)
    again = store.claim(former.verification_id)
    assert again is not None
    assert again.claim_id != former.claim_id
    # The turn that was forgotten with it holds nobody up.
    assert admit(store, again)
    assert store.send(again, KEYS)
    assert not store.finish(former, PROVEN)
    assert store.finish(again, PROVEN)
    assert len(store.flips(former.first.trunk_id)) == 1


def test_a_claim_whose_password_left_is_never_forgotten(server: PostgresServer, store: Store) -> None:
    claim = claim_new(store)
    assert admit(store, claim)
    assert store.send(claim, KEYS)
    crash(server, store)
    assert status(store, claim) is VerificationStatus.RUNNING
    assert store.claim(claim.verification_id) is None
    with store.installation.database.read() as session:
        (tokens,) = session.execute(text("SELECT tokens FROM edge_budgets")).one()
    assert tokens < store.installation.settings.address_burst
    assert store.finish(claim, PROVEN)


def test_a_result_is_never_forgotten(server: PostgresServer, store: Store) -> None:
    claim = claim_new(store)
    assert store.send(claim, KEYS)
    assert store.finish(claim, PROVEN)
    crash(server, store)
    assert status(store, claim) is VerificationStatus.DONE
    assert store.trunk(claim.first.trunk_id).is_verified
