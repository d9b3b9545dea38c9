"""Thousands of SIP servers on loopback: one socket, whose answer depends on the address it was asked at.

It runs as a process of its own, so that the client's memory and speed are the client's alone.
"""

import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_IP_PKTINFO = 8  # <linux/in.h>: absent from the socket module
_PACKET_INFO = struct.Struct("=I4s4s")  # in_pktinfo: interface, our address, the address in the header
_COPIED = (b"Via:", b"From:", b"Call-ID:", b"CSeq:")
_CHALLENGE = b'WWW-Authenticate: Digest realm="fleet", nonce="n", qop="auth", algorithm=MD5\r\n'

# By the second octet of 127.X.y.z.
STATUS = {1: b"200 OK", 2: b"403 Forbidden", 3: b"503 Service Unavailable", 4: b"404 Not Found"}
GARBAGE = 5
SILENT = 6


@contextmanager
def udp_fleet() -> Iterator[int]:
    """Run the fleet and give its port, the same at every address of 127.1-127.6."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__))], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def _answer(request: bytes, kind: int) -> bytes | None:
    if kind == GARBAGE:
        return b"SSH-2.0-OpenSSH_9.2p1\r\n"
    if kind not in STATUS:
        return None
    lines = request.split(b"\r\n")
    copied = [line for line in lines if line.startswith(_COPIED)]
    to = next(line for line in lines if line.startswith(b"To:")) + b";tag=fleet"
    challenged = request.startswith(b"REGISTER") and b"\r\nAuthorization:" not in request
    start = b"SIP/2.0 401 Unauthorized" if challenged else b"SIP/2.0 " + STATUS[kind]
    extra = _CHALLENGE if challenged else b""
    return b"\r\n".join([start, *copied, to]) + b"\r\n" + extra + b"Content-Length: 0\r\n\r\n"


def _serve() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        server.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        server.bind(("0.0.0.0", 0))
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            request, ancillary, _, source = server.recvmsg(65535, socket.CMSG_SPACE(_PACKET_INFO.size))
            asked_at = _PACKET_INFO.unpack(ancillary[0][2])[2]
            reply = _answer(request, asked_at[1])
            if reply is not None:
                info = _PACKET_INFO.pack(0, asked_at, asked_at)
                server.sendmsg([reply], [(socket.IPPROTO_IP, _IP_PKTINFO, info)], 0, source)


if __name__ == "__main__":
    _serve()
