"""Ctrl-C and TERM: the first asks for a clean end, the second gets the system's."""

import asyncio
import signal
import threading

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def stop_event_of_loop() -> asyncio.Event:
    """Give an event of the running loop that the first signal sets."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def _stop() -> None:
        asked.set()
        for each in _SIGNALS:
            loop.remove_signal_handler(each)

    for each in _SIGNALS:
        loop.add_signal_handler(each, _stop)
    return asked


def stop_event_of_process() -> threading.Event:
    """Give an event that the first signal sets; for a main thread without a loop."""
    asked = threading.Event()

    def _stop(*_: object) -> None:
        asked.set()
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)

    for each in _SIGNALS:
        signal.signal(each, _stop)
    return asked
