"""A name server whose zone does what it can to stop whoever asks: SRV records by the dozen, answers of 64 KB.

It runs as a process of its own, so that the client's loop is the client's alone.
"""

import selectors
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sipcheck.target import HostPort

# Every name ends so; what stands before it is the label of one server or of one service.
DOMAIN = "hostile.test"
SERVERS = 32
# As many records of each type as a message of 65,535 bytes holds.
ADDRESSES = {"A": 4000, "AAAA": 2300}

_SRV, _A, _AAAA = 33, 1, 28
_POINTER = b"\xc0\x0c"  # to the question's name
_RESPONSE, _TRUNCATED = 0x8180, 0x8380


@contextmanager
def hostile_zone() -> Iterator[HostPort]:
    """Serve the zone and give the server's address."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__))], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield HostPort("127.0.0.1", int(process.stdout.readline()))
        finally:
            process.terminate()


def _record(kind: int, data: bytes) -> bytes:
    return _POINTER + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def _name(label: str) -> bytes:
    return b"".join(bytes([len(each)]) + each.encode() for each in (label, *DOMAIN.split("."))) + b"\0"


# The addresses are on loopback, where nobody answers; no packet leaves for the IPv6 ones, which have no route.
_ANSWERS = {
    _SRV: [_record(_SRV, struct.pack("!HHH", 10, 0, 5060) + _name(f"server{n}")) for n in range(SERVERS)],
    _A: [_record(_A, bytes((127, 6, n >> 8, n & 255))) for n in range(ADDRESSES["A"])],
    _AAAA: [_record(_AAAA, b"\xfd\0" + bytes(12) + struct.pack("!H", n)) for n in range(ADDRESSES["AAAA"])],
}
_BODIES = {kind: b"".join(records) for kind, records in _ANSWERS.items()}


def _answer(question: bytes, *, whole: bool) -> bytes:
    end = question.index(b"\0", 12) + 5
    kind = struct.unpack("!H", question[end - 4 : end - 2])[0]
    body = _BODIES.get(kind, b"")
    count = len(_ANSWERS.get(kind, ()))
    if body and not whole:
        return question[:2] + struct.pack("!HHHHH", _TRUNCATED, 1, 0, 0, 0) + question[12:end]
    return question[:2] + struct.pack("!HHHHH", _RESPONSE, 1, count, 0, 0) + question[12:end] + body


def _serve() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.create_server(("127.0.0.1", 0), backlog=512) as listener,
        selectors.DefaultSelector() as selector,
    ):
        port = listener.getsockname()[1]
        datagrams.bind(("127.0.0.1", port))
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        for each in (datagrams, listener):
            selector.register(each, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is datagrams:
                    question, source = datagrams.recvfrom(65535)
                    datagrams.sendto(_answer(question, whole=False), source)
                elif key.fileobj is listener:
                    selector.register(listener.accept()[0], selectors.EVENT_READ)
                else:
                    connection = key.fileobj
                    assert isinstance(connection, socket.socket)
                    _serve_stream(connection, selector)


def _serve_stream(connection: socket.socket, selector: selectors.BaseSelector) -> None:
    """Answer a question, which came in one piece; whoever has gone is let go."""
    try:
        question = connection.recv(65535)
        if len(question) > 2:
            answer = _answer(question[2:], whole=True)
            connection.sendall(struct.pack("!H", len(answer)) + answer)
            return
    except OSError:
        question = b""
    selector.unregister(connection)
    connection.close()


if __name__ == "__main__":
    _serve()
