"""Clients that are slow, fat, or many: they are told so or let go, and everyone else is served meanwhile."""

import asyncio
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.api.client import ApiUnderTest
from tests.trunkd.bounded_server import BoundedServer, close_all, said, status_of
from tests.trunkd.conftest import Start
from tests.trunkd.daemon import Trunkd
from tests.trunks.forms import Store, make_store, sqlite_template
from trunkd import connections
from trunkd.connections import Phase
from trunkd.http_protocol import MOST_HEADER_BYTES, MOST_HEADERS
from trunks.installation.settings import Settings, load_settings

__all__ = ["make_store", "sqlite_template"]

TALKOVER, BOLNA = "/api/v1/sip-trunks", "/sip-trunks/trunks"
AUTOCALLS = "/api/user/phone-numbers/sip-trunks"
SHAPES = [
    (TALKOVER, ["success", "message", "code"]),
    (AUTOCALLS, ["error"]),
    (BOLNA, ["error", "message"]),
    ("/nowhere", ["success", "message", "code"]),
]
TRUNK = {
    "name": "Primary",
    "provider_name": "carrier-x",
    "domain": "sip.carrier.example",
    "username": "user_42",
    "password": "a password",
}
SHORT_SECONDS = 0.3
MOST_OF_ONE = 40
CROWD = 1200
MEGABYTE = 1024 * 1024


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        data_dir=tmp_path / "var",
        connections=60,
        connections_of_one_address=MOST_OF_ONE,
        verify_wait_seconds=2.0,
    )


@pytest.fixture
def api(make_store: Callable[[Settings], Store], settings: Settings) -> ApiUnderTest:
    return ApiUnderTest(make_store(settings))


@pytest.fixture
def served(api: ApiUnderTest, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[BoundedServer]:
    """Serve with a patience that a test can wait for."""
    for phase in (Phase.HEAD, Phase.BODY, Phase.IDLE):
        monkeypatch.setitem(connections.LONGEST_SECONDS, phase, SHORT_SECONDS)
    monkeypatch.setattr("trunkd.http_server._TICKS_BETWEEN_LOOKS", 1)
    with BoundedServer(api.app, settings) as server:
        yield server


def refusal(answer: bytes) -> tuple[int, list[str]]:
    """Give the status and the fields of an answer, which has all that every answer has."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head.lower()
    assert b"\r\nx-request-id: " in head.lower()
    assert f"\r\ncontent-length: {len(body)}".encode() in head.lower()
    status = status_of(answer)
    assert status is not None
    return status, list(json.loads(body))


def request(path: str, *headers: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: api", *headers, "", ""]).encode()


@pytest.mark.parametrize(("path", "shape"), SHAPES)
def test_each_refusal_has_the_shape_of_its_path(
    served: BoundedServer, path: str, shape: list[str], api: ApiUnderTest
) -> None:
    token = api.client.headers["Authorization"]
    long = "x" * MOST_HEADER_BYTES
    many = [f"X-{number}: y" for number in range(MOST_HEADERS)]
    unfinished = request(path)[:-2]
    begun = request(
        path, f"Authorization: {token}", "Content-Type: application/json", "Content-Length: 9", method="POST"
    )
    sent = {
        "one long header": (request(path, f"X-Long: {long}"), 431),
        "a long address": (request(f"{path}?{long}"), 431),
        "a header without end": (f"GET {path} HTTP/1.1\r\nX-Long: {long}".encode(), 431),
        "many headers": (request(path, *many), 431),
        "slow headers": (unfinished, 408),
        "a slow body": (begun + b"{", 408),
        "no HTTP": (unfinished + b"\x00\r\n\r\n", 400),
        "a header without end, to a whole address": (request(f"http://api{path}", f"X-Long: {long}"), 431),
        "a method of nobody's": (request(path, method="BREW"), 501),
        "a method in small letters": (request(f"http://api{path}?a=b", method="get"), 501),
        "no version": (request(path).replace(b"HTTP/1.1", b"HTTP/1.7"), 400),
        "no address": (request(f"http://api:99999{path}"), 400),
        "no host": (f"GET {path} HTTP/1.1\r\nX-A: b\r\n\r\n".encode(), 400),
        "two hosts": (request(path, "Host: other"), 400),
    }
    clients = {name: served.connect(data) for name, (data, _) in sent.items()}
    for name, client in clients.items():
        answer = said(client)
        assert answer.count(b"HTTP/1.1 ") == 1
        if path == "/nowhere" and name == "a slow body":
            # Nothing reads a body there: it is answered at once, and closed when the body does not come.
            assert status_of(answer) == 404
        else:
            assert refusal(answer) == (sent[name][1], shape), name
    close_all(list(clients.values()))
    assert httpx.get(f"{served.url}/healthz").status_code == 200


def shut(served: BoundedServer, data: bytes) -> bytes:
    """Say it all, say that this was all, and listen."""
    client = served.connect(data)
    client.shutdown(socket.SHUT_WR)
    answer = said(client)
    client.close()
    return answer


def test_whoever_has_said_all_is_answered(served: BoundedServer, api: ApiUnderTest) -> None:
    """RFC 9112 §9.6: a client may close its half behind its request."""
    token = f"Authorization: {api.client.headers['Authorization']}"
    with httpx.Client(base_url=served.url, headers=dict([token.split(": ")]), timeout=30) as client:
        made = client.post(TALKOVER, json=TRUNK).json()["data"]["id"]
    body = json.dumps(TRUNK)
    typed = ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    creation = request(TALKOVER, token, *typed, method="POST") + body.encode()
    # One that is answered at once, one with a body, one whose caller waits, and several.
    for data, statuses in (
        (request("/healthz"), [200]),
        (creation, [201]),
        (request(f"{TALKOVER}/{made}/verify", token, "Content-Length: 0", method="POST"), [202]),
        (request("/healthz") + creation + request(TALKOVER), [200, 201, 401]),
    ):
        answer = shut(served, data)
        found = [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]
        assert found == statuses
    # What is not whole can never be.
    for data in (b"", request(TALKOVER)[:-2], creation[:-1]):
        assert shut(served, data) == b""


def test_a_request_of_http_1_0_needs_no_host(served: BoundedServer) -> None:
    client = served.connect(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert status_of(said(client)) == 200
    client.close()


def test_nobody_is_led_on_to_another_host(served: BoundedServer) -> None:
    client = served.connect(request("sip.carrier.example:443", method="CONNECT"))
    assert refusal(said(client)) == (501, ["success", "message", "code"])
    client.close()


def test_what_fits_is_answered(served: BoundedServer) -> None:
    fitting = MOST_HEADER_BYTES - 200
    many = [f"X-{number}: y" for number in range(MOST_HEADERS - 2)]
    for data in (
        request("/healthz", f"X-Long: {'x' * fitting}", "Connection: close"),
        request("/healthz", *many, "Connection: close"),
        b"\r\n" + request("/healthz", "Connection: close"),
        # Several in one packet, together longer than one may be.
        request("/healthz", f"X-Long: {'x' * 20_000}") * 3 + request("/healthz", "Connection: close"),
    ):
        client = served.connect(data)
        answer = said(client)
        assert status_of(answer) == 200
        assert answer.count(b'{"status":"ok"}') == data.count(b"GET ")
        client.close()


def test_a_request_that_comes_byte_by_byte_is_answered_while_it_comes_soon_enough(
    served: BoundedServer,
) -> None:
    client = served.connect()
    for byte in request("/healthz", "Connection: close"):
        client.sendall(bytes([byte]))
    assert status_of(said(client)) == 200
    client.close()


def test_a_byte_now_and_then_buys_no_time(served: BoundedServer) -> None:
    client = served.connect(request(TALKOVER)[:-2])
    began = time.monotonic()
    client.settimeout(0.02)
    answer = b""
    while not answer:
        client.sendall(b"X-A: b\r\n")
        try:
            answer = client.recv(65536)
        except TimeoutError:
            assert time.monotonic() - began < 20 * SHORT_SECONDS
    assert status_of(answer) == 408
    client.close()


def test_whoever_says_nothing_is_let_go(served: BoundedServer) -> None:
    silent = [served.connect() for _ in range(5)]
    silent.append(served.connect(request("/healthz")))
    assert [said(client).partition(b" ")[0] for client in silent] == [b""] * 5 + [b"HTTP/1.1"]
    close_all(silent)


def test_a_caller_who_waits_for_us_is_not_told_that_he_is_slow(
    served: BoundedServer, api: ApiUnderTest
) -> None:
    """A verification that nobody does: the caller waits for longer than a request may take to arrive."""
    headers = {"Authorization": api.client.headers["Authorization"]}
    with httpx.Client(base_url=served.url, headers=headers, timeout=30) as client:
        made = client.post(TALKOVER, json=TRUNK).json()["data"]["id"]
        assert client.post(f"{TALKOVER}/{made}/verify").status_code == 202


def test_a_crowd_that_lingers_makes_room_for_whoever_asks(served: BoundedServer) -> None:
    lingering = [served.connect(request(TALKOVER)[:-2]) for _ in range(MOST_OF_ONE * 3)]
    with httpx.Client(base_url=served.url) as client:
        assert {client.get("/healthz").status_code for _ in range(10)} == {200}
    answers = [said(client) for client in lingering]
    # Those who made room were told so, and the others that they are slow.
    assert {status_of(answer) for answer in answers} == {408, 503}
    close_all(lingering)


class HeldReadiness:
    """Answers when it is let go."""

    def __init__(self) -> None:
        self.waiting = 0
        self._released = asyncio.Event()

    async def parts(self) -> dict[str, bool]:
        self._loop = asyncio.get_running_loop()
        self.waiting += 1
        await self._released.wait()
        return {"store": True}

    def release(self) -> None:
        self._loop.call_soon_threadsafe(self._released.set)


def test_where_all_wait_for_answers_whoever_comes_is_told(
    served: BoundedServer, api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldReadiness()
    monkeypatch.setattr(api.app.state.context.readiness, "parts", held.parts)
    waiting = [served.connect(request("/readyz", "Connection: close")) for _ in range(MOST_OF_ONE)]
    wait_for(lambda: held.waiting == MOST_OF_ONE)
    late = served.connect(request("/healthz", "Connection: close"))
    answer = said(late)
    assert refusal(answer) == (503, ["success", "message", "code"])
    assert b"\r\nRetry-After: 5" in answer
    # Longer than any request may take to arrive: these have, and it is we who are slow.
    time.sleep(2 * SHORT_SECONDS)
    held.release()
    assert {status_of(said(client)) for client in waiting} == {200}
    close_all([*waiting, late])


def wait_for(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_client_that_waits_for_our_word_is_given_its_time(served: BoundedServer, api: ApiUnderTest) -> None:
    """Expect: 100-continue (RFC 9110 §10.1.1): the body comes when it is asked for."""
    body = json.dumps(TRUNK).encode()
    lines = ["Content-Type: application/json", f"Content-Length: {len(body)}", "Expect: 100-continue"]
    token = f"Authorization: {api.client.headers['Authorization']}"
    client = served.connect(request(TALKOVER, token, *lines, "Connection: close", method="POST"))
    assert client.recv(65536).startswith(b"HTTP/1.1 100 ")
    client.sendall(body)
    assert status_of(said(client)) == 201
    client.close()


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process have as many connections as the crowd."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * CROWD)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def resident_bytes(daemon: Trunkd) -> int:
    (line,) = [
        each
        for each in Path(f"/proc/{daemon.pid}/status").read_text().splitlines()
        if each.startswith("VmRSS")
    ]
    return int(line.split()[1]) * 1024


def test_a_running_service_bears_them_all(
    many_files: None, start: Start, port: int, http: httpx.Client, is_ready: Callable[[], bool]
) -> None:
    daemon = start("up", TRUNKS_PORT=str(port), TRUNKS_ALLOW_NETWORKS="127.0.0.0/8")
    daemon.wait_until(is_ready)
    before = resident_bytes(daemon)
    crowd = [_connected(port, request(TALKOVER)[:-2]) for _ in range(CROWD)]
    assert http.get("/healthz").status_code == 200
    for fat in (b"X-Long: " + b"x" * 150 * MEGABYTE, b"X: y\r\n" * 100_000):
        client = _connected(port, request(TALKOVER)[:-2])
        # It is told long before it has said all.
        sending = threading.Thread(target=_send, args=(client, fat))
        sending.start()
        assert status_of(said(client)) in (431, None)
        sending.join(30)
        client.close()
    assert http.get("/healthz").status_code == 200
    assert resident_bytes(daemon) - before < 64 * MEGABYTE
    close_all(crowd)
    assert daemon.stop() == 0
    assert "Traceback" not in daemon.err


def _connected(port: int, sent: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), 30)
    client.sendall(sent)
    return client


def _send(client: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        client.sendall(data)
