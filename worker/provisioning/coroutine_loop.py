"""An event loop in a thread of its own, for the coroutines that tasks wait for."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from trunks.errors import RunInterrupted

Result = TypeVar("Result")


class CoroutineLoop:
    """Runs between start() and stop(); `close` is awaited last, on the loop that the coroutines ran on."""

    def __init__(self, name: str, *, close: Callable[[], Awaitable[None]]) -> None:
        self._close = close
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._lock = threading.Lock()
        self._accepting = False
        self._running: set[Future[Any]] = set()
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._loop = self._started.result()
        self._accepting = True

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run it there and wait. Raises RunInterrupted when the loop stops, and what the coroutine raises."""
        with self._lock:
            if not self._accepting:
                coroutine.close()
                raise RunInterrupted
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
            self._running.add(future)
        try:
            return future.result()
        except CancelledError as error:
            raise RunInterrupted from error
        finally:
            self._running.discard(future)

    def stop(self) -> None:
        """Break off what runs, and wait until it is."""
        with self._lock:
            if not self._accepting:
                return
            self._accepting = False
            running = list(self._running)
        for future in running:
            future.cancel()
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _main(self) -> None:
        # The runner cancels what is left, and waits for it.
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        self._started.set_result(asyncio.get_running_loop())
        await self._stopping.wait()
        await self._close()
