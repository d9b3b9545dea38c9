"""What becomes of a correct answer on its way out: the faults that are about bytes."""

from collections.abc import Callable, Collection, Mapping

from sipcheck.carrier.faults import Fault

_HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"
_SECOND_VIA = b"Via: SIP/2.0/UDP elsewhere.practice.example;branch=z9hG4bK-of-another-hop"
_COMPACT = {b"Via": b"v", b"From": b"f", b"To": b"t", b"Call-ID": b"i", b"Content-Length": b"l"}


def _without_via(data: bytes) -> bytes:
    return b"\r\n".join(line for line in data.split(b"\r\n") if not line.startswith(b"Via:"))


def _with_second_via(data: bytes) -> bytes:
    status_line, top_via, rest = data.split(b"\r\n", 2)
    return b"\r\n".join((status_line, top_via, _SECOND_VIA, rest))


def _of_another_request(data: bytes) -> bytes:
    return data.replace(b"branch=z9hG4bK", b"branch=z9hG4bK-another-", 1)


def _sloppy(data: bytes) -> bytes:
    """Write it as careless peers do; all of it is still readable (RFC 3261 §7.3.1, RFC 4475 §3.1.1)."""
    status_line, *lines = data.split(b"\r\n")
    protocol, status, _ = status_line.split(b" ", 2)
    written = [protocol + b" " + status]
    for line in lines:
        name, colon, value = line.partition(b": ")
        if name == b"Server":
            value = b"\n " + value
        written.append(_COMPACT.get(name, name) + colon + value)
    return b"\n".join(written)


# In the order in which they are applied.
_DISTORTIONS: Mapping[Fault, Callable[[bytes], bytes]] = {
    Fault.TWO_VIAS: _with_second_via,
    Fault.WRONG_BRANCH: _of_another_request,
    Fault.MALFORMED: _without_via,
    Fault.SLOPPY: _sloppy,
    Fault.NOT_SIP: lambda _: _HTTP,
}


def distort(data: bytes, faults: Collection[Fault]) -> bytes:
    """Do to a strict response what the faults say."""
    for fault, distortion in _DISTORTIONS.items():
        if fault in faults:
            data = distortion(data)
    return data
