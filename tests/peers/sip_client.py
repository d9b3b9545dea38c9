"""A bare SIP client, for the peers' own tests: bytes out, bytes in."""

import hashlib
import re
import socket
import ssl
from collections.abc import Sequence
from contextlib import closing

from tests.peers.ports import family_of
from tests.peers.sip_reply import split_message

_TIMEOUT_SECONDS = 30.0
_CNONCE = "0a4f113b"


def make_request(
    method: str,
    *,
    transport: str = "UDP",
    domain: str = "carrier.example",
    username: str = "alice",
    cseq: int = 1,
    headers: Sequence[tuple[str, str]] = (),
) -> bytes:
    """Write a request; OPTIONS and REGISTER go to the domain without a user part."""
    lines = [
        f"{method} sip:{domain} SIP/2.0",
        f"Via: SIP/2.0/{transport} 127.0.0.1:9;rport;branch=z9hG4bK-{method}-{cseq}",
        "Max-Forwards: 70",
        f"From: <sip:{username}@{domain}>;tag=client",
        f"To: <sip:{username}@{domain}>",
        f"Call-ID: {method}@client",
        f"CSeq: {cseq} {method}",
        *(f"{name}: {value}" for name, value in headers),
        "Content-Length: 0",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def ask_by_udp(port: int, request: bytes, *, address: str = "127.0.0.1") -> bytes:
    """Send a datagram and wait for one. Raises TimeoutError."""
    with closing(socket.socket(family_of(address), socket.SOCK_DGRAM)) as client:
        client.settimeout(_TIMEOUT_SECONDS)
        client.connect((address, port))
        client.send(request)
        return client.recv(65535)


def ask_by_stream(
    port: int,
    request: bytes,
    context: ssl.SSLContext | None = None,
    *,
    server_name: str = "carrier.example",
    timeout_seconds: float = _TIMEOUT_SECONDS,
) -> bytes:
    """Send over TCP, or over TLS with a context, and read one message; b"" when the peer closes first."""
    with socket.create_connection(("127.0.0.1", port), timeout_seconds) as connected:
        if context is None:
            return _converse(connected, request)
        with context.wrap_socket(connected, server_hostname=server_name) as encrypted:
            return _converse(encrypted, request)


def status_of(response: bytes) -> int:
    """Read the status code."""
    return int(response.split(b" ")[1])


def answer_challenge(challenge: bytes, method: str, *, username: str, password: str) -> str:
    """Compute the digest for a challenge in a 401 or 407 (RFC 7616 §3.4), independently of the code under test."""
    parameters = dict(re.findall(rb'(\w+)="?([^",\r\n]+)"?', challenge.partition(b"Digest ")[2]))
    realm, nonce = parameters[b"realm"].decode(), parameters[b"nonce"].decode()
    algorithm = parameters.get(b"algorithm", b"MD5").decode()
    uri = "sip:carrier.example"
    ha1 = _hash(algorithm, f"{username}:{realm}:{password}")
    ha2 = _hash(algorithm, f"{method}:{uri}")
    value = (
        f'Digest username="{username}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm={algorithm}'
    )
    if b"qop" not in parameters:
        return f'{value}, response="{_hash(algorithm, f"{ha1}:{nonce}:{ha2}")}"'
    response = _hash(algorithm, f"{ha1}:{nonce}:00000001:{_CNONCE}:auth:{ha2}")
    return f'{value}, qop=auth, nc=00000001, cnonce="{_CNONCE}", response="{response}"'


def _converse(connected: socket.socket, request: bytes) -> bytes:
    connected.sendall(request)
    buffer = b""
    while data := connected.recv(65535):
        buffer += data
        if (taken := split_message(buffer)) is not None:
            return taken[0]
    return b""


def _hash(algorithm: str, text: str) -> str:
    return hashlib.new({"MD5": "md5", "SHA-256": "sha256"}[algorithm], text.encode()).hexdigest()
