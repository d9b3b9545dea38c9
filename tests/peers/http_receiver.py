"""Whoever takes what is posted over HTTP, on a free port of loopback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

# Path, headers and body, in a thread of its own; gives the status of the answer.
Take = Callable[[str, dict[str, str], bytes], HTTPStatus]


@contextmanager
def http_receiver(take: Take) -> Iterator[int]:
    """Receive, and give the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = take(self.path.rstrip("/"), dict(self.headers), body)
            try:
                self.send_response(status)
                self.end_headers()
            except OSError:
                # Whoever sent it was killed.
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            serving.join()
