"""The responders answer as a carrier would, and the one in C as the one in Python."""

import re
import shutil
import socket
from collections.abc import Iterator

import pytest

from benchmarks.cores import Cores
from benchmarks.responder import ADDRESS, Responder, udp_responder
from benchmarks.sip_answer import answer

pytestmark = pytest.mark.peers

OPTIONS = (
    "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKa\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=c\r\nTo: <sip:b>\r\nCall-ID: d\r\nCSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n\r\n"
)
REGISTER = OPTIONS.replace("OPTIONS", "REGISTER")
ANSWERED = REGISTER.replace("Content-Length", "Authorization: Digest x\r\nContent-Length")
NONCE = re.compile(rb'nonce="[0-9a-f]{16}"')
WITHOUT_RPORT = OPTIONS.replace(";rport", "")


@pytest.fixture(scope="module")
def responder() -> Iterator[Responder]:
    if shutil.which("gcc") is None:
        pytest.skip("no C compiler")
    with udp_responder(Cores(None, None)) as running:
        yield running


@pytest.fixture
def asking(responder: Responder) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connected:
        connected.settimeout(5)
        connected.connect((ADDRESS, responder.port))
        yield connected


@pytest.mark.parametrize(
    ("request_text", "status"), [(OPTIONS, 200), (REGISTER, 401), (ANSWERED, 200), (WITHOUT_RPORT, 200)]
)
def test_both_answer_alike(asking: socket.socket, request_text: str, status: int) -> None:
    asking.send(request_text.encode())
    told = asking.recv(4096)
    assert told.startswith(f"SIP/2.0 {status} ".encode())
    expected = answer(request_text.encode(), asking.getsockname())
    assert NONCE.sub(b"", told) == NONCE.sub(b"", expected)


def test_no_challenge_comes_twice(asking: socket.socket) -> None:
    """A client that remembers its answer to a nonce would be measured at less than it costs."""
    nonces = set()
    for _ in range(3):
        asking.send(REGISTER.encode())
        nonces |= set(NONCE.findall(asking.recv(4096)))
    assert len(nonces) == 3


def test_the_source_goes_into_an_empty_rport(asking: socket.socket) -> None:
    """RFC 3581 §4."""
    asking.send(OPTIONS.encode())
    port = asking.getsockname()[1]
    assert f";rport={port};received=127.0.0.1;branch=z9hG4bKa\r\n".encode() in asking.recv(4096)


def test_it_counts_the_requests_since_it_was_asked(responder: Responder, asking: socket.socket) -> None:
    responder.take_count()
    for _ in range(3):
        asking.send(OPTIONS.encode())
        asking.recv(4096)
    assert (responder.take_count(), responder.take_count()) == (3, 0)
