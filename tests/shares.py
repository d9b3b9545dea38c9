"""The order of the tests, where several processes share them: what takes longest begins each one's share.

A process takes from another's share what that has not begun (`--dist worksteal`); a long test that is begun last is
waited for by all the others.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

Item = TypeVar("Item")

# Files with tests of many seconds, the longest first; measured with `--durations`.
LONG_FILES = (
    "tests/api/test_contract.py",
    "tests/worker/test_liveness.py",
    "tests/trunkd/test_kill_minus_nine.py",
    "tests/worker/test_autocalls.py",
    "tests/worker/test_restored_backup.py",
    "tests/worker/test_knocks.py",
    "tests/trunkd/test_trunks_import.py",
    "tests/sipcheck/provoked/test_field_answers.py",
    "tests/worker/test_verification.py",
    "tests/benchmarks/test_service_rows.py",
    "tests/trunkd/test_waiting_callers.py",
    "tests/worker/test_provisioning.py",
    "tests/worker/test_shares.py",
    "tests/worker/test_check_knocks.py",
    "tests/worker/test_processes.py",
    "tests/worker/test_edges_fall.py",
    "tests/trunkd/test_bad_days.py",
    "tests/worker/test_zone_changes.py",
    "tests/api/test_sent_back.py",
    "tests/trunks/store/test_former_schemas.py",
    "tests/trunkd/test_two_tenants.py",
    "tests/sipcheck/engine/test_odd_peers.py",
    "tests/benchmarks/test_sweep_rows.py",
    "tests/sipcheck/sweep/test_hostile_sweeps.py",
    "tests/trunkd/test_state_over_http.py",
    "tests/sipcheck/carrier/test_faults_provoke.py",
    "tests/worker/test_messages.py",
    "tests/sipcheck/provoked/test_field_dns.py",
    "tests/sipcheck/cli/monitoring/exporter/test_exporter.py",
    "tests/sipcheck/engine/test_own_stall.py",
    "tests/trunkd/test_waiting_at_the_end.py",
    "tests/test_compose.py",
    "tests/sipcheck/sweep/test_sweep.py",
    "tests/worker/test_pacing.py",
    "tests/worker/test_several_gateways.py",
    "tests/worker/test_credentials_once.py",
    "tests/sipcheck/provoked/test_field_failing_method.py",
    "tests/trunkd/test_up.py",
    "tests/trunkd/test_doctor.py",
    "tests/trunkd/test_scaled.py",
)


def spread(items: Sequence[Item], file_of: Callable[[Item], str], processes: int) -> list[Item]:
    """Give the items in an order of which each process gets as many in a row, those of `LONG_FILES` first in every
    second one's.
    """
    long = sorted(
        (LONG_FILES.index(name), number)
        for number, name in enumerate(map(file_of, items))
        if name in LONG_FILES
    )
    files = [[items[number] for _, number in file] for _, file in groupby(long, key=itemgetter(0))]
    rest = iter([item for item in items if file_of(item) not in LONG_FILES])
    ordered: list[Item] = []
    beginning = (processes + 1) // 2
    for process in range(processes):
        if process % 2 == 0:
            ordered += [item for file in files[process // 2 :: beginning] for item in file]
        whole = len(items) * (process + 1) // processes
        ordered += [item for _, item in zip(range(whole - len(ordered)), rest, strict=False)]
    return ordered + list(rest)
