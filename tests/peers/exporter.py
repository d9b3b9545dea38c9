"""The exporter in a thread of its own, as `sipcheck exporter` runs it."""

import asyncio
import threading
from pathlib import Path
from typing import Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from sipcheck.cli.monitoring.exporter.modules import read_modules
from sipcheck.cli.monitoring.exporter.serving import serving
from sipcheck.cli.monitoring.rejections import Rejections
from sipcheck.target import HostPort

_READY_SECONDS = 60.0
_ANSWER_SECONDS = 60.0


class ExporterPeer:
    """Serve the modules of a file on a free port of loopback until the block ends."""

    def __init__(self, modules: Path, state: Path) -> None:
        self.address: HostPort | None = None
        self._modules = read_modules(modules)
        self._rejections = Rejections(state)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._ending = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="exporter-peer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(_READY_SECONDS):
            raise RuntimeError("the exporter did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        async with serving(self._modules, HostPort("127.0.0.1", 0), self._rejections) as address:
            self.address = address
            self._ready.set()
            await self._ending.wait()

    def get(self, path: str, *, method: str = "GET", **headers: str) -> tuple[int, str]:
        """Ask for a path; returns status and text."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(f"http://{self.address}{path}", headers=named, method=method)
        try:
            with urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - http alone
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def probe(self, module: str, target: str, **headers: str) -> tuple[int, str]:
        """Ask for a probe; returns status and text."""
        return self.get(f"/probe?{urlencode({'module': module, 'target': target})}", **headers)
