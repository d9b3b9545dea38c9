"""The exporter in a thread of its own, as `sipcheck exporter` runs it."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from sipcheck.cli.monitoring.exporter.modules import read_modules
from sipcheck.cli.monitoring.exporter.serving import serving
from sipcheck.cli.monitoring.rejections import Rejections
from sipcheck.target import HostPort
from tests.peers.loop_thread import LoopThread

_ANSWER_SECONDS = 60.0


class ExporterPeer(LoopThread[HostPort]):
    """Serve the modules of a file on a free port of loopback until the block ends."""

    def __init__(self, modules: Path, state: Path) -> None:
        super().__init__("exporter-peer", ready_seconds=60.0)
        self._modules = read_modules(modules)
        self._rejections = Rejections(state)

    @property
    def address(self) -> HostPort | None:
        return self.served

    def serving(self) -> AbstractAsyncContextManager[HostPort]:
        return serving(self._modules, HostPort("127.0.0.1", 0), self._rejections)

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
