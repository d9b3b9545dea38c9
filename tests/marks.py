"""Which tests need a server or are slow, and what a run without them need not even look through.

`make test-fast` begins with the imports of what it runs: a module of which no test is fast would be imported by every
process, only to leave all its tests out.
"""

import pytest

# What starts a peer: a test that uses one of these, or one of those with that parameter, is marked `peers`.
PEER_FIXTURES = frozenset(
    {
        "kamailio_factory",
        "sipp_factory",
        "unbound_factory",
        "redis_server",
        "postgres_server",
        "postgres_url",
        "empty_postgres_url",
        "scaled_environment",
    }
)
PEER_PLACES = (
    "tests/benchmarks/test_seed.py",
    "tests/benchmarks/test_service_rows.py",
    "tests/benchmarks/test_sweep_rows.py",
    "tests/peers_smoke/",
    "tests/trunkd/",
)
PEER_PARAMETERS = frozenset(
    {
        ("store_settings", "postgresql"),
        ("form_settings", "scaled"),
        ("form_environment", "scaled"),
        ("counted_in", "redis"),
    }
)

# What waits or computes for long without any peer: ids or their beginnings. Most of what has a store is among them.
SLOW = (
    "tests/api/",
    "tests/livekit_contract/",
    "tests/packages/",
    "tests/sipcheck/carrier/test_calls.py",
    "tests/sipcheck/carrier/test_faults_provoke.py",
    "tests/sipcheck/cli/monitoring/exporter/",
    "tests/sipcheck/cli/monitoring/test_nagios_command.py",
    "tests/sipcheck/cli/test_allowances.py",
    "tests/sipcheck/cli/test_call_command.py",
    "tests/sipcheck/cli/test_carrier_command.py",
    "tests/sipcheck/cli/test_discover_command.py",
    "tests/sipcheck/cli/test_environment.py",
    "tests/sipcheck/cli/test_hostile_words.py",
    "tests/sipcheck/cli/test_resolve_command.py",
    "tests/sipcheck/cli/test_sweep_command.py",
    "tests/sipcheck/cli/test_verify_command.py",
    "tests/sipcheck/differential/test_messages.py",
    "tests/sipcheck/discovery/test_search.py",
    "tests/sipcheck/engine/test_admission.py",
    "tests/sipcheck/engine/test_call_forms.py",
    "tests/sipcheck/engine/test_calls.py",
    "tests/sipcheck/engine/test_cancellation.py",
    "tests/sipcheck/engine/test_credentials_care.py",
    "tests/sipcheck/engine/test_failover.py",
    "tests/sipcheck/engine/test_floods.py",
    "tests/sipcheck/engine/test_hostile_zone.py",
    "tests/sipcheck/engine/test_large_requests.py",
    "tests/sipcheck/engine/test_odd_peers.py",
    "tests/sipcheck/engine/test_own_stall.py",
    "tests/sipcheck/engine/test_streams.py",
    "tests/sipcheck/media/test_stream.py",
    "tests/sipcheck/provoked/",
    "tests/sipcheck/sweep/test_hostile_sweeps.py",
    "tests/sipcheck/sweep/test_liveness_question.py",
    "tests/sipcheck/sweep/test_sweep.py",
    "tests/sipcheck/transaction/udp_batch/",
    "tests/sipcheck/transport/test_stream.py::test_a_reset_behind_more_than_one_wake_up_reads_is_seen",
    "tests/sipcheck/transport/test_tls_session.py",
    "tests/sipcheck/verification/calling/test_call.py",
    "tests/sipcheck/verification/calling/test_lying_peers.py",
    "tests/sipcheck/verification/test_suspected_ban.py",
    "tests/test_readme.py",
    "tests/test_reason_pages.py::test_a_demonstration_gives_what_is_printed",
    "tests/trunks/catalog/test_take_back.py",
    "tests/trunks/health/",
    "tests/trunks/installation/test_installation.py",
    "tests/trunks/people/",
    "tests/trunks/provisions/",
    "tests/trunks/retention/",
    "tests/trunks/runs/",
    "tests/trunks/store/",
    "tests/trunks/voice/test_infrastructure_check.py",
    "tests/trunks/voice/test_provision_trunk.py",
    "tests/trunks/voice/test_told.py",
    "tests/worker/",
)

# Of each kind among those something is in the fast tests too: the dialects over a store, and the verdicts that hang on
# what the interpreter brings along (`make test-pythons`).
FAST_ALL_THE_SAME = (
    "tests/api/test_create.py",
    "tests/api/test_three_shapes.py",
    "tests/sipcheck/provoked/test_field_certificates.py",
    "tests/trunks/runs/test_claims.py",
    "tests/trunks/store/test_database.py",
)


def needs_peers(item: pytest.Item) -> bool:
    """Say whether the test starts a peer, or stands where everything does."""
    if not isinstance(item, pytest.Function):
        return False
    parameters = item.callspec.params.items() if hasattr(item, "callspec") else ()
    if item.path.relative_to(item.config.rootpath).as_posix().startswith(PEER_PLACES):
        return True
    return not PEER_FIXTURES.isdisjoint(item.fixturenames) or any(
        (name, value) in PEER_PARAMETERS for name, value in parameters if isinstance(value, str)
    )


def is_slow(nodeid: str) -> bool:
    """Say whether the test of this id, or all of a file's, are slow."""
    return nodeid.startswith(SLOW) and not nodeid.startswith(FAST_ALL_THE_SAME)


def is_left_out(path: str, marks: str) -> bool:
    """Say whether a run by these marks, words joined with `and`, leaves out every test of a file or a folder.

    A folder's path ends with a slash.
    """
    terms = marks.split(" and ")
    if "not peers" in terms and path.startswith(PEER_PLACES):
        return True
    return (
        "not slow" in terms and is_slow(path) and not any(fast.startswith(path) for fast in FAST_ALL_THE_SAME)
    )
