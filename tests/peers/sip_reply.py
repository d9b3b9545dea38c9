"""A SIP reply made from the request's own bytes, so that peers do not lean on the code under test."""

from collections.abc import Sequence

_COPIED = (b"via", b"v", b"from", b"f", b"to", b"t", b"call-id", b"i", b"cseq")  # RFC 3261 §8.2.6.2


def reply_to(
    request: bytes,
    status: int = 200,
    phrase: str = "OK",
    *,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> bytes:
    """Answer a request, with a To tag; Via values are copied as they came, without received and rport."""
    lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    copied = [line for line in lines if line.partition(b":")[0].strip().lower() in _COPIED]
    tagged = [line + b";tag=peer" if _lacks_tag(line) else line for line in copied]
    added = [f"{name}: {value}".encode() for name, value in headers]
    start = f"SIP/2.0 {status} {phrase}".encode()
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([start, *tagged, *added, length, b"", body])


def split_message(buffer: bytes) -> tuple[bytes, bytes] | None:
    """Take the first whole message off a stream: (message, rest), or None while it is unfinished."""
    head, end, rest = buffer.partition(b"\r\n\r\n")
    if not end:
        return None
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() in (b"content-length", b"l"):
            length = int(value)
    if len(rest) < length:
        return None
    return head + end + rest[:length], rest[length:]


def _lacks_tag(line: bytes) -> bool:
    return line.partition(b":")[0].strip().lower() in (b"to", b"t") and b"tag=" not in line
