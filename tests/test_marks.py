"""A run by marks looks through nothing of which it would run nothing, and through all else."""

import pytest

from tests.marks import FAST_ALL_THE_SAME, PEER_PLACES, SLOW, STORIES, is_left_out

FAST = "not peers and not slow and not story and not long"
EVERY_COMMIT = "not story and not long"
TOLD = "story and not long"

LEFT_OUT = (
    # path, marks, left out
    ("tests/", FAST, False),
    ("tests/trunkd/", FAST, True),
    ("tests/trunkd/test_up.py", "not peers", True),
    ("tests/trunkd/", "not slow", False),
    ("tests/benchmarks/", FAST, False),
    ("tests/benchmarks/test_seed.py", FAST, True),
    ("tests/worker/", FAST, True),
    ("tests/worker/", "not peers", False),
    ("tests/worker/", "not long", False),
    ("tests/worker/", "", False),
    ("tests/worker/", "not slow or long", False),
    # Something in there is fast.
    ("tests/api/", FAST, False),
    ("tests/api/console/", FAST, True),
    ("tests/api/test_create.py", FAST, False),
    ("tests/api/test_evidence.py", FAST, True),
    ("tests/trunks/store/", FAST, False),
    ("tests/trunks/health/", FAST, True),
    ("tests/trunkd/", EVERY_COMMIT, False),
    ("tests/trunkd/test_up.py", EVERY_COMMIT, True),
    ("tests/trunkd/test_commands.py", EVERY_COMMIT, False),
    ("tests/trunkd/", TOLD, False),
    ("tests/trunkd/test_up.py", TOLD, False),
    ("tests/trunkd/test_commands.py", TOLD, True),
    ("tests/sipcheck/dns/", TOLD, True),
    # Of these files one test alone is a story.
    ("tests/sipcheck/sweep/test_sweep.py", EVERY_COMMIT, False),
    ("tests/sipcheck/sweep/test_sweep.py", TOLD, False),
    # Of a file one test alone is slow.
    ("tests/sipcheck/transport/test_stream.py", FAST, False),
)


@pytest.mark.parametrize(("path", "marks", "left_out"), LEFT_OUT)
def test_what_a_run_need_not_look_through(path: str, marks: str, left_out: bool) -> None:
    assert is_left_out(path, marks) is left_out


def test_what_is_named_is_there(pytestconfig: pytest.Config) -> None:
    named = [place.partition("::")[0] for place in (*PEER_PLACES, *SLOW, *FAST_ALL_THE_SAME, *STORIES)]
    assert [place for place in named if not (pytestconfig.rootpath / place).exists()] == []
