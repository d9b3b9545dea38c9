"""Requests that meet at a known point, so that what happens between them happens each time."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

_WITHIN_SECONDS = 60.0


class Meeting:
    """Lets the first calls of a service's method begin together, once all who are expected have come."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, service: type, method: str) -> None:
        self._barrier: threading.Barrier | None = None
        self._expected = 0
        self._lock = threading.Lock()
        done: Callable[..., Any] = getattr(service, method)

        def meet(*args: Any, **given: Any) -> Any:
            self._come()
            return done(*args, **given)

        monkeypatch.setattr(service, method, meet)

    def expect(self, callers: int) -> None:
        """Let so many meet from now on; whoever comes later, or again, is let through."""
        self._expected, self._barrier = callers, threading.Barrier(callers)

    def _come(self) -> None:
        with self._lock:
            barrier = self._barrier if self._expected else None
            self._expected -= barrier is not None
        if barrier is not None:
            barrier.wait(_WITHIN_SECONDS)
