"""What a log tells of an exception."""

import pytest

from trunks.installation.logs import trace_of


class Quoted(Exception):
    """One whose text quotes what a client sent."""


def test_a_trace_tells_where_and_never_what() -> None:
    def inner() -> None:
        raise KeyError(secret)

    def outer() -> None:
        try:
            inner()
        except KeyError as error:
            raise Quoted(f"cannot use {secret}") from error

    secret = "hunter" + "2"
    with pytest.raises(Quoted) as caught:
        outer()
    trace = trace_of(caught.value)
    assert "in inner" in trace
    assert "in outer" in trace
    assert trace.index("builtins.KeyError") < trace.index("Quoted")
    assert secret not in trace


def test_a_group_tells_of_each() -> None:
    trace = trace_of(ExceptionGroup("hunter2", [KeyError("hunter2"), Quoted("hunter2")]))
    assert "builtins.ExceptionGroup" in trace
    assert "builtins.KeyError" in trace
    assert "Quoted" in trace
    assert "hunter2" not in trace


def test_a_ring_of_causes_ends() -> None:
    first, second = KeyError(), Quoted()
    first.__cause__, second.__cause__ = second, first
    assert trace_of(first).count("builtins.KeyError") == 1
