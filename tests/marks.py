"""Which tests need a server, are slow, or are stories, and what a run without them need not even look through.

A run begins with the imports of what it runs: a module of which it leaves every test out would be imported by every
process for nothing.
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
    "tests/sipcheck/auth/test_challenge.py::test_what_is_remembered_of_a_challenge_reads_the_next_one_right",
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
    "tests/test_dialect_pages.py",
    "tests/test_operating_page.py",
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


# What takes seconds of processor time each: a crowd, an hour of the clock, kills, services started as processes,
# everything that a whole contract declares. Of each kind something smaller is in `make test` too.
STORIES = (
    "tests/api/console/test_in_chromium.py",
    "tests/api/test_any_json.py",
    "tests/api/test_beside_a_deletion.py",
    "tests/api/test_contract.py",
    "tests/api/test_killed_creations.py",
    "tests/api/test_row_locked.py",
    "tests/api/test_sent_back.py",
    "tests/api/test_what_others_see.py",
    "tests/benchmarks/test_service_rows.py",
    "tests/benchmarks/test_sweep_rows.py::test_sweeps_are_measured_with_their_flips",
    "tests/benchmarks/test_sweep_rows.py::test_verification_during_a_sweep",
    "tests/sipcheck/engine/test_floods.py",
    "tests/sipcheck/engine/test_hostile_zone.py",
    "tests/sipcheck/sweep/test_hostile_sweeps.py",
    "tests/sipcheck/sweep/test_sweep.py::test_thousands_of_destinations_with_flat_memory",
    "tests/test_compose.py::test_the_scaled_form_verifies_a_trunk_and_ends_cleanly",
    "tests/trunkd/test_bad_days.py",
    "tests/trunkd/test_keys_rotate.py",
    "tests/trunkd/test_kill_minus_nine.py",
    "tests/trunkd/test_no_secret_anywhere.py",
    "tests/trunkd/test_rolling_rotation.py",
    "tests/trunkd/test_scaled.py",
    "tests/trunkd/test_state_over_http.py",
    "tests/trunkd/test_two_tenants.py",
    "tests/trunkd/test_up.py",
    "tests/trunkd/test_waiting_at_the_end.py",
    "tests/trunkd/test_waiting_callers.py",
    "tests/trunks/health/test_breaker.py::test_a_dead_canary_holds_for_ten_minutes_and_is_asked_every_ten_seconds",
    "tests/trunks/provisions/test_pace.py::test_a_mass_move_takes_its_time_over_all_workers_and_asked_work_does_not_wait",
    "tests/trunks/provisions/test_pace.py::test_asked_work_without_an_end_leaves_moves_their_share_and_waits_for_none",
    "tests/trunks/retention/test_a_year.py",
    "tests/trunks/store/test_former_schemas.py",
    "tests/worker/test_autocalls.py",
    "tests/worker/test_bad_hour.py",
    "tests/worker/test_called_as_proven.py",
    "tests/worker/test_check_knocks.py",
    "tests/worker/test_edges_fall.py",
    "tests/worker/test_incident_stories.py",
    "tests/worker/test_knocks.py",
    "tests/worker/test_knocks_killed.py",
    "tests/worker/test_liveness.py",
    "tests/worker/test_pacing.py",
    "tests/worker/test_placed_calls.py",
    "tests/worker/test_processes.py",
    "tests/worker/test_provisioning.py",
    "tests/worker/test_restored_backup.py",
    "tests/worker/test_second_gateway.py",
    "tests/worker/test_several_gateways.py",
    "tests/worker/test_shares.py",
    "tests/worker/test_zone_changes.py",
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


def is_story(nodeid: str) -> bool:
    """Say whether the test of this id, or all of a file's, are stories."""
    return nodeid.startswith(STORIES)


def is_left_out(path: str, marks: str) -> bool:
    """Say whether a run by these marks, words joined with `and`, leaves out every test of a file or a folder.

    A folder's path ends with a slash.
    """
    terms = marks.split(" and ")
    if "not peers" in terms and path.startswith(PEER_PLACES):
        return True
    if "not story" in terms and is_story(path):
        return True
    if "story" in terms and not any(story.startswith(path) for story in STORIES):
        return True
    return (
        "not slow" in terms and is_slow(path) and not any(fast.startswith(path) for fast in FAST_ALL_THE_SAME)
    )
