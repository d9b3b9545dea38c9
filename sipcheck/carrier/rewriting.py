"""An answer to one request, rewritten for another: what a peer repeats of it changes, all else stays as it was."""

import re
from collections.abc import Iterator

from sipcheck.message.message import Request
from sipcheck.target import HostPort

_CSEQ_NUMBER = re.compile(rb"((?:\A|\n)CSeq[ \t]*:\s*)[0-9]+", re.IGNORECASE)
_VIA_TRANSPORT = re.compile(rb"((?:\A|\n)(?:Via|v)[ \t]*:\s*SIP\s*/\s*2\.0\s*/\s*)[A-Za-z]+", re.IGNORECASE)
_SERVER_PROOF = re.compile(rb"(?:Proxy-)?Authentication-Info[ \t]*:[^\r\n]*rspauth=<redacted>[^\r\n]*\r?\n")


def rewrite(
    answer: bytes, recorded: Request, recorded_source: str, request: Request, source: HostPort
) -> bytes:
    """Rewrite an answer that `recorded` got for a request that comes from `source`."""
    for before, after in _repeated(recorded, recorded_source, request, source):
        if before:
            answer = answer.replace(
                before.encode("utf-8", "surrogateescape"), after.encode("utf-8", "surrogateescape")
            )
    number = str(request.cseq.number).encode()
    answer = _CSEQ_NUMBER.sub(lambda match: match[1] + number, answer, count=1)
    transport = request.vias[0].transport.encode()
    return _VIA_TRANSPORT.sub(lambda match: match[1] + transport, answer, count=1)


def without_server_proof(answer: bytes) -> bytes:
    """Leave out a server's proof that was redacted when it was recorded: as it stands it would be a wrong one."""
    return _SERVER_PROOF.sub(b"", answer)


def _repeated(
    recorded: Request, recorded_source: str, request: Request, source: HostPort
) -> Iterator[tuple[str, str]]:
    old, new = recorded.vias[0], request.vias[0]
    yield _cookieless(old.branch), _cookieless(new.branch)
    yield recorded.call_id, request.call_id
    yield recorded.from_tag or "", request.from_tag or ""
    yield str(HostPort(old.host, old.port)), str(HostPort(new.host, new.port))
    host, _, port = recorded_source.rpartition(":")
    yield f"rport={port}", f"rport={source.port}"
    yield f"received={host.strip('[]')}", f"received={source.host}"


def _cookieless(branch: str | None) -> str:
    return (branch or "").removeprefix("z9hG4bK")
