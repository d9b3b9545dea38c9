"""A fast local carrier: answers OPTIONS with 200, REGISTER with 401 and then 200. Run as a process of its own."""

import socket
import sys

_CHALLENGE = b'WWW-Authenticate: Digest realm="bench", nonce="n", qop="auth", algorithm=MD5\r\n'
_COPIED = (b"Via:", b"From:", b"Call-ID:", b"CSeq:")


def answer(request: bytes) -> bytes:
    """Answer from the request's own lines; a judge of digests it is not."""
    lines = request.split(b"\r\n")
    copied = [line for line in lines if line.startswith(_COPIED)]
    to = next(line for line in lines if line.startswith(b"To:")) + b";tag=b"
    challenged = request.startswith(b"REGISTER") and b"\r\nAuthorization:" not in request
    start = b"SIP/2.0 401 Unauthorized" if challenged else b"SIP/2.0 200 OK"
    extra = _CHALLENGE if challenged else b""
    return b"\r\n".join([start, *copied, to]) + b"\r\n" + extra + b"Content-Length: 0\r\n\r\n"


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        server.bind(("127.0.0.1", 0))
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            request, source = server.recvfrom(65535)
            server.sendto(answer(request), source)


if __name__ == "__main__":
    main()
