"""New verified TLS connections by Python's ssl alone, one after the other: what is left without anything of ours."""

import argparse
import socket
import ssl

from benchmarks.clients.question import ADDRESS


def connect(port: int, count: int, ca_file: str) -> None:
    """Connect and close `count` times."""
    context = ssl.create_default_context(cafile=ca_file)
    for _ in range(count):
        with (
            socket.create_connection((ADDRESS, port)) as connection,
            context.wrap_socket(connection, server_hostname=ADDRESS),
        ):
            pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("ca_file")
    arguments = parser.parse_args()
    connect(arguments.port, arguments.count, arguments.ca_file)


if __name__ == "__main__":
    main()
