"""The exporter over HTTP, by the standard library's WSGI server, as prometheus_client's own does.

A thread answers a connection, and waits for the loop on which the verifications run.
"""

import asyncio
import concurrent.futures
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from socketserver import ThreadingMixIn
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from sipcheck.cli.monitoring.exporter.metrics import ReportMetrics
from sipcheck.cli.monitoring.exporter.modules import ProbeModule
from sipcheck.cli.monitoring.exporter.probes import Probes
from sipcheck.egress import address_family
from sipcheck.errors import CallerError
from sipcheck.target import HostPort

_SCRAPE_TIMEOUT = "HTTP_X_PROMETHEUS_SCRAPE_TIMEOUT_SECONDS"
_SPARE_SECONDS = 0.5  # for the way there and back
_READ_SECONDS = 10.0
_MOST_CONNECTIONS = 128
_INDEX = b"The exporter of sipcheck: /probe?module=NAME&target=TARGET, and /metrics of its own.\n"

Start = Callable[[str, list[tuple[str, str]]], Any]
Environment = Mapping[str, Any]


class Refusal(Exception):
    """A request that is not answered with metrics; `status` is HTTP's."""

    def __init__(self, status: str, told: str) -> None:
        super().__init__(told)
        self.status = status


class ExporterApp:
    """The WSGI application: what is asked by GET, in a thread of the server."""

    def __init__(
        self, modules: Mapping[str, ProbeModule], probes: Probes, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._modules = modules
        self._probes = probes
        self._loop = loop
        self._own = CollectorRegistry()
        ProcessCollector(registry=self._own)
        PlatformCollector(registry=self._own)
        self._answers = Counter(
            "sipcheck_exporter_answers", "Answers to /probe, by status.", ("status",), registry=self._own
        )
        targets = Gauge(
            "sipcheck_exporter_targets", "Targets of each module.", ("module",), registry=self._own
        )
        for name, module in modules.items():
            targets.labels(name).set(len(module.targets))

    def __call__(self, environment: Environment, start: Start) -> Iterable[bytes]:
        """Answer one request."""
        try:
            kind, body = self._answer(environment)
            status = "200 OK"
        except Refusal as refusal:
            status, kind, body = refusal.status, "text/plain; charset=utf-8", f"{refusal}\n".encode()
        if environment["PATH_INFO"] == "/probe":
            self._answers.labels(status[:3]).inc()
        start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [b"" if environment["REQUEST_METHOD"] == "HEAD" else body]

    def _answer(self, environment: Environment) -> tuple[str, bytes]:
        if environment["REQUEST_METHOD"] not in ("GET", "HEAD"):
            raise Refusal("405 Method Not Allowed", "give GET")
        match environment["PATH_INFO"]:
            case "/":
                return "text/plain; charset=utf-8", _INDEX
            case "/metrics":
                return _written(self._own, environment)
            case "/probe":
                return _written(self._probe(environment), environment)
            case _:
                raise Refusal("404 Not Found", "give /probe?module=NAME&target=TARGET, or /metrics")

    def _probe(self, environment: Environment) -> CollectorRegistry:
        module, target = self._asked(environment)
        seconds = _seconds(environment, module)
        running = asyncio.run_coroutine_threadsafe(self._probes.result(module, target, seconds), self._loop)
        try:
            result = running.result()
        except TimeoutError:
            raise Refusal(
                "503 Service Unavailable", f"no result within {seconds:g} s; ask again, the check goes on"
            ) from None
        except CallerError as error:
            raise Refusal("500 Internal Server Error", str(error)) from error
        except concurrent.futures.CancelledError:
            raise Refusal("503 Service Unavailable", "the exporter is ending") from None
        registry = CollectorRegistry()
        age_seconds = time.monotonic() - result.began_at
        registry.register(ReportMetrics(result.report, age_seconds=age_seconds, withheld=result.withheld))
        return registry

    def _asked(self, environment: Environment) -> tuple[ProbeModule, str]:
        query = parse_qs(environment["QUERY_STRING"], max_num_fields=10)
        names, targets = query.get("module", []), query.get("target", [])
        if len(names) != 1 or len(targets) != 1:
            raise Refusal(
                "400 Bad Request", "give one module and one target: /probe?module=NAME&target=TARGET"
            )
        module = self._modules.get(names[0])
        if module is None:
            raise Refusal("400 Bad Request", "there is no such module in the file")
        if targets[0] not in module.targets:
            raise Refusal("400 Bad Request", "the module's list of targets has no such target")
        return module, targets[0]


def _seconds(environment: Environment, module: ProbeModule) -> float:
    """How long there is for an answer: less than the scraper waits for us, where it says so."""
    text = environment.get(_SCRAPE_TIMEOUT)
    if text is None:
        return module.timeout_seconds + _SPARE_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not _SPARE_SECONDS < seconds < float("inf"):
        raise Refusal(
            "400 Bad Request", f"the scrape's timeout leaves no time; give more than {_SPARE_SECONDS:g} s"
        )
    return seconds - _SPARE_SECONDS


def _written(registry: CollectorRegistry, environment: Environment) -> tuple[str, bytes]:
    encode, kind = choose_encoder(environment.get("HTTP_ACCEPT", ""))
    return kind, encode(registry)


class _Handler(WSGIRequestHandler):
    """Waits for a request no longer than it should take, and writes no log of them."""

    timeout = _READ_SECONDS

    def log_message(self, *_: Any) -> None:
        """Nothing: the exporter's own metrics count the answers."""


class ExporterServer(ThreadingMixIn, WSGIServer):
    """A thread for each connection, up to a bound; whoever comes above it is hung up on.

    Raises OSError where it cannot listen.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, listen: HostPort, app: ExporterApp) -> None:
        self.address_family = address_family(listen.host)
        self._room = BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__((listen.host, listen.port or 0), _Handler)
        self.set_app(app)

    def server_bind(self) -> None:
        """Bind without asking DNS for the machine's name, which the standard library's server does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection where there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer it, and make room."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A scraper that has gone is nobody's fault; what else fails, wsgiref has told already."""
