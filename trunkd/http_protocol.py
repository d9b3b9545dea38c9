"""HTTP as uvicorn speaks it, with bounds on what a client may send and on how long it may take."""

import json
import re
from asyncio import AbstractEventLoop
from typing import Any
from urllib.parse import urlsplit

import structlog
from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from api.dialects import answering_at
from api.middleware.request_ids import REQUEST_ID
from api.problems import Problem
from api.refusals import (
    headers_too_large,
    no_http,
    no_single_host,
    too_many_connections,
    too_slow,
    unknown_method,
)
from trunkd.connections import Connections, Phase
from trunks.ids import new_id

_log = structlog.get_logger(__name__)

MOST_HEADER_BYTES = 32 * 1024
MOST_HEADERS = 100

# RFC 9112 §3: the line that a request begins with.
_REQUEST_LINE = re.compile(rb"^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/1\.[01]\r?$", re.MULTILINE)
# Of those that the parser knows; that it knows one is no fault of it.
_METHODS = frozenset(
    {b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT"}
)


class BoundedHttp(HttpToolsProtocol):
    """One connection of those of this process."""

    def __init__(
        self,
        connections: "Connections[BoundedHttp]",
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.url = b""
        self._all = connections
        self._arriving: Phase | None = None
        self._begun = 0
        self._head_bytes = 0
        self._refused = False

    def connection_made(self, transport: Any) -> None:
        """Take it in, where there is room or somebody lingers."""
        super().connection_made(transport)
        gone = self._all.enter(self, self.client[0] if self.client else None, self.loop.time())
        if gone is self:
            self._refuse(too_many_connections(), lingering=False)
        elif gone is not None:
            gone.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._all.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, headers no further than they may go; what comes after a refusal is dropped."""
        self._unset_keepalive_if_required()
        while data and not self._refused:
            data = self._read_some(data)
        self._note()

    def _read_some(self, data: bytes) -> bytes:
        """Read a part, and give what is left."""
        in_body, begun = self._arriving is Phase.BODY, self._begun
        some = data if in_body else data[: MOST_HEADER_BYTES - self._head_bytes]
        try:
            self.parser.feed_data(some)
        except HttpParserUpgrade:
            pass  # nothing is spoken here but HTTP, so the request is answered as what it is without
        except HttpParserError:
            self._refuse(self._unreadable(some))
        if self._arriving is Phase.HEAD:
            # What stands before the last message of several is not its own.
            alone = not in_body and self._begun - begun <= 1
            self._head_bytes = self._head_bytes + len(some) if alone else 0
            if self._head_bytes >= MOST_HEADER_BYTES:
                self._refuse(headers_too_large())
        return data[len(some) :]

    def _unreadable(self, some: bytes) -> Problem:
        """Say what is wrong with what the parser does not read, and note its path: it may have come with this part."""
        found = None if self.url else _REQUEST_LINE.search(some)
        if found is None:
            return no_http()
        self.url = found[2]
        return no_http() if found[1] in _METHODS else unknown_method(found[1].decode("ascii"))

    # uvicorn answers None, which is false; asyncio takes either.
    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a client that says no more, where its request is whole (RFC 9112 §9.6); else there is nothing to say.

        True keeps the connection until it is answered.
        """
        if self._refused or not self._answering or self._arriving is not None:
            return False
        self.cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._arriving, self._head_bytes = Phase.HEAD, 0
        self._begun += 1

    def on_headers_complete(self) -> None:
        """Begin to answer, unless they are too many."""
        if self._refused:
            return
        if len(self.headers) > MOST_HEADERS:
            self._refuse(headers_too_large())
            return
        if self.parser.get_method() == b"CONNECT":
            # What it names is no path, and nobody is led anywhere from here.
            self._refuse(unknown_method("CONNECT"))
            return
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (not hosts and self.parser.get_http_version() == "1.1"):
            self._refuse(no_single_host())
            return
        super().on_headers_complete()
        # Not before: where the address is none, there is no request whose body could come.
        self._arriving, self._head_bytes = Phase.BODY, 0

    def on_body(self, body: bytes) -> None:
        """Hand it on."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Let it be worked on."""
        if not self._refused:
            self._arriving, self._head_bytes = None, 0
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next."""
        super().on_response_complete()
        self._note()

    def pause_writing(self) -> None:
        """Note that the client does not read what it asked for."""
        super().pause_writing()
        self._all.at(self, Phase.ANSWER, self.loop.time())

    def resume_writing(self) -> None:
        """Note that it does."""
        super().resume_writing()
        self._note()

    def end_lingering(self) -> None:
        """Take leave of a client that has been at it for too long; one whom we keep waiting is given its time anew."""
        kept_waiting = self.flow.read_paused or (
            self.cycle is not None and self.cycle.waiting_for_100_continue
        )
        if self._phase() is Phase.BODY and kept_waiting:
            self._all.again(self, self.loop.time())
        else:
            self._close(too_slow(), lingering=True)

    def make_room(self) -> None:
        """Close it for another one; nobody looks after it from now on."""
        self._close(too_many_connections(), lingering=False)

    def _close(self, problem: Problem, *, lingering: bool) -> None:
        if self._refused or self.flow.write_paused:
            self.transport.abort()
        elif self._arriving is None:
            self.transport.close()
        else:
            self._refuse(problem, lingering=lingering)

    def _phase(self) -> Phase:
        if self._refused:
            return Phase.REFUSED
        if self._arriving is Phase.BODY:
            return Phase.BODY
        if self._answering:
            return Phase.WORK
        return self._arriving or Phase.IDLE

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _note(self) -> None:
        if not self.flow.write_paused:
            self._all.at(self, self._phase(), self.loop.time())

    def _refuse(self, problem: Problem, *, lingering: bool = True) -> None:
        """Say why, where nothing else is being said, and read no more; for a moment it may be read what was said."""
        self._refused = True
        may_answer = not (self.cycle.response_started if self._arriving is Phase.BODY else self._answering)
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        _log.info("request-refused", status=int(problem.status))
        if not may_answer or self.transport.is_closing():
            self.transport.close()
            return
        self.transport.write(self._written(problem))
        if lingering and self.transport.can_write_eof():
            # To close while the client sends would take the answer away from it.
            self.transport.write_eof()
            self._note()
        else:
            self.transport.close()

    def _written(self, problem: Problem) -> bytes:
        """Write an answer in the dialect of the path, as far as that is known."""
        body = json.dumps(answering_at(_path_of(self.url)).faults.shape(problem)).encode()
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
            REQUEST_ID: str(new_id()),
            **problem.headers,
        }
        lines = [f"{name}: {value}\r\n".encode() for name, value in headers.items()]
        lines += [name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers]
        return b"".join([STATUS_LINE[int(problem.status)], *lines, b"\r\n", body])


def _path_of(url: bytes) -> str:
    """Find the path in a request's target, which may be whole, as a proxy is sent it (RFC 9112 §3.2.2)."""
    text = url.decode("ascii", errors="replace")
    try:
        return text.partition("?")[0] if text.startswith("/") else urlsplit(text).path
    except ValueError:
        return ""
