"""Twirp over HTTP: requests to whatever serves them, and its answers, refusals and faults back."""

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from google.protobuf.message import Message

from tests.peers.livekit.faults import Fault
from tests.peers.livekit.refusal import STATUSES, Refusal

_PREFIX = "/twirp/livekit."
_POLL_SECONDS = 0.01


class Service(Protocol):
    """What the listener needs of a server."""

    seconds_ahead: float

    def serve(self, method: str, token: str, body: bytes) -> tuple[Fault | None, Message]: ...

    def hold(self) -> None: ...


class HttpListener:
    """Listen at a port of loopback, a thread for each connection."""

    def __init__(self, port: int, service: Service) -> None:
        self._server = _Server(("127.0.0.1", port), _handler(service))
        # Its own default of 0.5 s is how long each stop would take.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="livekit-server", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep for their next call."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):  # ended meanwhile
                connection.shutdown(socket.SHUT_RDWR)


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            method = self.path.removeprefix(_PREFIX).partition("/")[2]
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            with contextlib.suppress(ConnectionError):  # whoever asked has gone
                try:
                    fault, answer = service.serve(method, token, body)
                except Refusal as refusal:
                    self._refuse(refusal)
                    return
                self._answer(fault, answer)

        def _answer(self, fault: Fault | None, answer: Message) -> None:
            match fault:
                case None:
                    self._send(200, "application/protobuf", answer.SerializeToString())
                case Fault.HELD | Fault.DONE_AND_HELD:
                    service.hold()
                    self.close_connection = True
                case Fault.HUNG_UP | Fault.DONE_AND_HUNG_UP:
                    self.close_connection = True
                case Fault.INTERNAL:
                    self._refuse(Refusal("internal", "the store is broken"))
                case Fault.UNAVAILABLE:
                    self._refuse(Refusal("unavailable", "no SIP service"))
                case Fault.KEY_REFUSED:
                    self._refuse(Refusal("unauthenticated", "invalid API key"))
                case Fault.FORBIDDEN:
                    self._refuse(Refusal("permission_denied", "permissions denied"))
                case Fault.WEB_PAGE:
                    self._send(200, "text/html", b"<html><body>It works!</body></html>")
                case Fault.EMPTY:
                    self._send(200, "application/protobuf", b"")
                case Fault.GARBAGE:
                    self._send(200, "application/protobuf", b"\xff\xfe\xfd")
                case Fault.NO_SUCH_PAGE:
                    self._send(404, "text/html", b"<h1>Not Found</h1>")

        def _refuse(self, refusal: Refusal) -> None:
            told: dict[str, object] = {"code": refusal.code, "msg": str(refusal)}
            if refusal.meta:
                told["meta"] = refusal.meta
            self._send(STATUSES[refusal.code], "application/json", json.dumps(told).encode())

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(time.time() + service.seconds_ahead)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the tests read `calls`."""

    return Handler
