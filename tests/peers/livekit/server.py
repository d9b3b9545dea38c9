"""LiveKit's SIP API on the official messages: Twirp over HTTP, the key checked, its traps kept, faults switchable."""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Self

import jwt
from google.protobuf.message import Message
from livekit.protocol.sip import SIPTrunkInfo

from tests.peers.livekit.calls import METHODS as CALL_METHODS
from tests.peers.livekit.calls import LiveKitCalls
from tests.peers.livekit.faults import DONE, Fault, FaultSwitches
from tests.peers.livekit.http_listener import HttpListener
from tests.peers.livekit.refusal import Refusal
from tests.peers.livekit.rooms import METHODS as ROOM_METHODS
from tests.peers.livekit.trunks import METHODS as TRUNK_METHODS
from tests.peers.livekit.trunks import LiveKitTrunks, Pages
from tests.peers.ports import free_port

API_KEY = "APItrunkd"
API_SECRET = "a secret of more than 32 characters"

_POLL_SECONDS = 0.01
_METHODS: dict[str, tuple[Any, Callable[..., Message]]] = {**TRUNK_METHODS, **ROOM_METHODS, **CALL_METHODS}
_GRANTS = {
    "ListRooms": ("video", "roomList"),
    "DeleteRoom": ("video", "roomCreate"),
    "CreateSIPParticipant": ("sip", "call"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the API that came with the right key."""

    method: str
    request: Message


class LiveKitServer(LiveKitTrunks, LiveKitCalls, FaultSwitches):
    """Listen on loopback in threads of its own; the trunks outlive stop() and start().

    `dialling` is what calls need: see LiveKitCalls.
    """

    def __init__(
        self, *, pages: Pages = Pages.ALL_AFTER, unknown_fields: Collection[str] = (), **dialling: Any
    ) -> None:
        LiveKitTrunks.__init__(self, pages=pages, unknown_fields=unknown_fields)
        LiveKitCalls.__init__(self, **dialling)
        FaultSwitches.__init__(self)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.calls: list[Call] = []
        # By how much its clock is wrong, as its answers show it.
        self.seconds_ahead = 0.0
        self._lock = threading.RLock()
        self._listener: HttpListener | None = None

    def start(self) -> None:
        """Begin to listen, at the same port each time."""
        self._released.clear()
        self._listener = HttpListener(self.port, self)
        self._listener.start()

    def stop(self) -> None:
        """Be down."""
        listener, self._listener = self._listener, None
        self.release()
        self.end_calls()
        if listener is not None:
            listener.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

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
        service = _METHODS.get(method)
        if service is None:
            raise Refusal("bad_route", f"no handler for path {method}")
        _require_key(token, method)
        request_class, serve = service
        request = request_class.FromString(body)
        with self._lock:
            self.calls.append(Call(method, request))
            fault = self.fault_of(method)
            if fault is not None and fault not in DONE:
                return fault, SIPTrunkInfo()
            if method not in CALL_METHODS:
                return fault, serve(self, request)
        # A call takes its time, and holds nobody up.
        return fault, serve(self, request)


def _require_key(token: str, method: str) -> None:
    try:
        claims = jwt.decode(token, API_SECRET, algorithms=["HS256"], issuer=API_KEY)
    except jwt.PyJWTError as error:
        raise Refusal("unauthenticated", f"invalid token: {error}") from error
    group, grant = _GRANTS.get(method, ("sip", "admin"))
    if not claims.get(group, {}).get(grant):
        raise Refusal("permission_denied", "permissions denied")
