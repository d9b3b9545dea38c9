"""The requests of a window, counted in the process."""

import pytest

from api.middleware.rate_windows import Window, WindowsHere


async def test_a_window_begins_anew_when_it_is_over_and_nobody_is_kept_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("api.middleware.rate_windows.time.monotonic", lambda: now)
    windows = WindowsHere(60)
    assert [await windows.count("a") for _ in range(2)] == [Window(1, 60.0), Window(2, 60.0)]
    now = 159.0
    assert [await windows.count("a"), await windows.count("b")] == [Window(3, 1.0), Window(1, 60.0)]
    now = 160.0
    assert await windows.count("a") == Window(1, 60.0)
    now = 219.5
    assert await windows.count("c") == Window(1, 60.0)
    now = 220.0
    assert await windows.count("a") == Window(1, 60.0)
    assert windows._open.keys() == {"a", "c"}
