"""What the responders in Python answer: OPTIONS with 200, REGISTER with 401 and then 200. They judge no digests."""

import secrets

_CHALLENGE = 'WWW-Authenticate: Digest realm="bench", nonce="{}", qop="auth", algorithm=MD5\r\n'
_COPIED = (b"From:", b"Call-ID:", b"CSeq:")


def answer(request: bytes, source: tuple[str, int]) -> bytes:
    """Answer from the request's own lines; `source` goes into an empty rport (RFC 3581 §4)."""
    challenged = request.startswith(b"REGISTER") and b"\r\nAuthorization:" not in request
    lines = [b"SIP/2.0 401 Unauthorized\r\n" if challenged else b"SIP/2.0 200 OK\r\n"]
    for line in request.splitlines(keepends=True):
        if line.startswith(b"Via:"):
            mended = f";rport={source[1]};received={source[0]};".encode()
            lines.append(line.replace(b";rport;", mended, 1))
        elif line.startswith(b"To:"):
            lines.append(line.rstrip() + b";tag=bench\r\n")
        elif line.startswith(_COPIED):
            lines.append(line)
    if challenged:
        lines.append(_CHALLENGE.format(secrets.token_hex(8)).encode())  # no nonce twice
    lines.append(b"Content-Length: 0\r\n\r\n")
    return b"".join(lines)
