"""LiveKit's SIP API on the official messages: Twirp over HTTP, the key checked, its traps kept, faults switchable."""

import contextlib
import json
import math
import socket
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import jwt
from google.protobuf.message import Message
from livekit.protocol.sip import SIPTrunkInfo

from tests.peers.livekit_trunks import METHODS, LiveKitTrunks, Refusal
from tests.peers.ports import free_port

API_KEY = "APItrunkd"
API_SECRET = "a secret of more than 32 characters"

_PREFIX = "/twirp/livekit.SIP/"
_STATUSES = {
    "invalid_argument": 400,
    "unauthenticated": 401,
    "permission_denied": 403,
    "not_found": 404,
    "bad_route": 404,
    "internal": 500,
    "unimplemented": 501,
    "unavailable": 503,
}
_POLL_SECONDS = 0.01


class Fault(StrEnum):
    """What a call meets instead of its answer; the last two are done all the same."""

    HELD = "held"  # no answer until release()
    HUNG_UP = "hung-up"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    KEY_REFUSED = "key-refused"
    FORBIDDEN = "forbidden"
    WEB_PAGE = "web-page"  # 200, and HTML
    EMPTY = "empty"  # 200, and nothing
    GARBAGE = "garbage"  # 200, and no message
    NO_SUCH_PAGE = "no-such-page"  # 404 of some web server
    DONE_AND_HELD = "done-and-held"
    DONE_AND_HUNG_UP = "done-and-hung-up"


_DONE = frozenset({Fault.DONE_AND_HELD, Fault.DONE_AND_HUNG_UP})


@dataclass(frozen=True, slots=True)
class Call:
    """A call that came with the right key."""

    method: str
    request: Message


@dataclass(slots=True)
class _Switched:
    fault: Fault
    method: str | None
    first: int
    last: float
    seen: int = 0


class LiveKitServer(LiveKitTrunks):
    """Listen on loopback in threads of its own; the trunks outlive stop() and start()."""

    def __init__(self, *, knows_pages: bool = True) -> None:
        super().__init__(knows_pages=knows_pages)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.calls: list[Call] = []
        self._switched: list[_Switched] = []
        self._lock = threading.RLock()
        self._released = threading.Event()
        self._server: _Server | None = None

    def start(self) -> None:
        """Begin to listen, at the same port each time."""
        self._released.clear()
        self._server = _Server(("127.0.0.1", self.port), _handler(self))
        # Its own default of 0.5 s is how long each stop would take.
        threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="livekit-server", daemon=True
        ).start()

    def stop(self) -> None:
        """Be down."""
        server, self._server = self._server, None
        self.release()
        if server is not None:
            server.shutdown()
            server.server_close()
            server.hang_up()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def fail(self, fault: Fault, *, method: str | None = None, nth: int = 1, times: float = math.inf) -> None:
        """Let the nth call from now on, of this method or of any, and those after it meet a fault."""
        with self._lock:
            self._switched.append(_Switched(fault, method, nth, nth + times))

    def heal(self) -> None:
        """Switch all faults off, and let go of what is held."""
        with self._lock:
            self._switched.clear()
        self.release()
        self._released = threading.Event()

    def release(self) -> None:
        self._released.set()

    def changes(self) -> list[str]:
        """Name the calls, other than those that only look, in the order they came."""
        return [call.method for call in self.calls if not call.method.startswith("List")]

    def wait_for_call(self, method: str, *, within_seconds: float = 10.0) -> None:
        """Wait until a call of this method has come. Raises TimeoutError."""
        deadline = time.monotonic() + within_seconds
        while not any(call.method == method for call in self.calls):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {method} among {[call.method for call in self.calls]}")
            time.sleep(_POLL_SECONDS)

    def serve(self, method: str, token: str, body: bytes) -> tuple[Fault | None, Message]:
        """Do a call. Raises Refusal."""
        _require_key(token)
        service = METHODS.get(method)
        if service is None:
            raise Refusal("bad_route", f"no handler for path {_PREFIX}{method}")
        request_class, serve = service
        request = request_class.FromString(body)
        with self._lock:
            self.calls.append(Call(method, request))
            fault = self._fault_of(method)
            if fault is None or fault in _DONE:
                return fault, serve(self, request)
        return fault, SIPTrunkInfo()

    def hold(self) -> None:
        self._released.wait()

    def _fault_of(self, method: str) -> Fault | None:
        for switched in self._switched:
            if switched.method in (None, method):
                switched.seen += 1
                if switched.first <= switched.seen < switched.last:
                    return switched.fault
        return None


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


def _handler(livekit: LiveKitServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            method = self.path.removeprefix(_PREFIX)
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            try:
                fault, answer = livekit.serve(method, token, body)
            except Refusal as refusal:
                self._refuse(refusal.code, str(refusal))
                return
            with contextlib.suppress(ConnectionError):  # whoever asked has gone
                self._answer(fault, answer)

        def _answer(self, fault: Fault | None, answer: Message) -> None:
            match fault:
                case None:
                    self._send(200, "application/protobuf", answer.SerializeToString())
                case Fault.HELD | Fault.DONE_AND_HELD:
                    livekit.hold()
                    self.close_connection = True
                case Fault.HUNG_UP | Fault.DONE_AND_HUNG_UP:
                    self.close_connection = True
                case Fault.INTERNAL:
                    self._refuse("internal", "the store is broken")
                case Fault.UNAVAILABLE:
                    self._refuse("unavailable", "no SIP service")
                case Fault.KEY_REFUSED:
                    self._refuse("unauthenticated", "invalid API key")
                case Fault.FORBIDDEN:
                    self._refuse("permission_denied", "permissions denied")
                case Fault.WEB_PAGE:
                    self._send(200, "text/html", b"<html><body>It works!</body></html>")
                case Fault.EMPTY:
                    self._send(200, "application/protobuf", b"")
                case Fault.GARBAGE:
                    self._send(200, "application/protobuf", b"\xff\xfe\xfd")
                case Fault.NO_SUCH_PAGE:
                    self._send(404, "text/html", b"<h1>Not Found</h1>")

        def _refuse(self, code: str, message: str) -> None:
            body = json.dumps({"code": code, "msg": message}).encode()
            self._send(_STATUSES[code], "application/json", body)

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the tests read `calls`."""

    return Handler


def _require_key(token: str) -> None:
    try:
        claims = jwt.decode(token, API_SECRET, algorithms=["HS256"], issuer=API_KEY)
    except jwt.PyJWTError as error:
        raise Refusal("unauthenticated", f"invalid token: {error}") from error
    if not claims.get("sip", {}).get("admin"):
        raise Refusal("permission_denied", "permissions denied")
