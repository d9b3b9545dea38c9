"""What udp_responder.c does, where there is no C compiler: slower, so that clients wait for it."""

import socket
import sys

from benchmarks.sip_answer import answer

_BUFFER_BYTES = 4 * 1024 * 1024


def main() -> None:
    seen = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        server.bind(("127.0.0.1", 0))
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            request, source = server.recvfrom(65535)
            if request == b"COUNT":
                server.sendto(str(seen).encode(), source)
                seen = 0
            else:
                server.sendto(answer(request, source), source)
                seen += 1


if __name__ == "__main__":
    main()
