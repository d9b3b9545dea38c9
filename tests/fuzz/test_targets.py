"""Whatever the bytes, a target raises nothing: drawn anew in every run, and what was found once (tests/data/fuzz)."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

FOUND = Path("tests/data/fuzz")
SEEDS = seeds()

# Where, how many bytes go, and what comes in their place.
CHANGES = st.lists(st.tuples(st.integers(0, 700), st.integers(0, 12), st.binary(max_size=6)), max_size=5)


def changed(data: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bytes:
    for at, removed, put in changes:
        data = data[:at] + put + data[at + removed :]
    return data


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=400))
def test_any_bytes(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_what_is_right_with_a_few_bytes_changed(name: str, data: st.DataObject) -> None:
    TARGETS[name](changed(data.draw(st.sampled_from(SEEDS[name])), data.draw(CHANGES)))


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_what_is_right_with_bytes_overwritten(name: str, data: st.DataObject) -> None:
    """Lengths and counts keep their places, so that what is read goes on behind the change."""
    seed = bytearray(data.draw(st.sampled_from(SEEDS[name])))
    for at in data.draw(st.lists(st.integers(0, len(seed) - 1), min_size=1, max_size=8)):
        seed[at] = data.draw(st.integers(0, 255))
    TARGETS[name](bytes(seed))


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_read(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name](seed)


@pytest.mark.parametrize(
    "path", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_what_was_found(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())
