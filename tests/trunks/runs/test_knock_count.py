"""What a run came to at a guard: all that peers answer, by the real engine, as Asterisk and FreeSWITCH count it.

Asterisk's lines are those that fail2ban's `asterisk` filter takes: one for each request whose From is no endpoint, one
for a refused password, two where the user is unknown. FreeSWITCH's are its challenges of REGISTER, and its refusals.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from uuid import UUID

from sipcheck.credentials import Credentials
from sipcheck.engine import Engine
from sipcheck.guard import Guard
from sipcheck.reasons import Reason
from sipcheck.settings import EngineSettings
from sipcheck.target import Target, TransportName
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer
from trunks.rules.visitor import Visitor
from trunks.runs.knock_count import seen_in

LOOPBACK = EngineSettings(guard=Guard(allow_networks=(ip_network("127.0.0.0/8"),)))
CHALLENGE = ("WWW-Authenticate", 'Digest realm="pbx.example", nonce="n0nce", qop="auth", algorithm=MD5')
STALE = ("WWW-Authenticate", CHALLENGE[1] + ", stale=true")
ASTERISK, FREESWITCH = "Asterisk PBX 20.1", "FreeSWITCH-mod_sofia/1.10.7-release"
# A deadline of which silence gets its part.
SILENT_SECONDS = 1.0  # what is cut before is no silence


@dataclass(frozen=True, slots=True)
class Peer:
    """Answers OPTIONS, REGISTER, and what has a digest, each by a status, or not at all."""

    options: int | None
    register: int | None
    digest: int | None = None
    server: str = ASTERISK
    stale: bool = False

    def __call__(self, request: bytes) -> Sequence[bytes]:
        has_digest = b"\r\nAuthorization:" in request or b"\r\nProxy-Authorization:" in request
        status = self.options if request.startswith(b"OPTIONS") else self.register
        status = self.digest if has_digest else status
        if status is None:
            return []
        headers = [("Server", self.server)]
        if status == 401:
            headers.append(STALE if self.stale and has_digest else CHALLENGE)
        if status == 407:
            headers.append(("Proxy-Authenticate", CHALLENGE[1]))
        return [reply_to(request, status, "Said", headers=headers)]


@dataclass(frozen=True, slots=True)
class Row:
    """`unknown`, `known` and `proven`: what counts of a user that was never proven there, that was, and that is."""

    name: str
    peer: Peer
    reason: Reason
    unknown: int
    known: int
    proven: int = 0
    refused: int = 0
    silent: bool = False


ROWS = (
    Row("never asks", Peer(200, 200), Reason.ALIVE_CREDENTIALS_UNPROVEN, 0, 0),
    Row("right, where OPTIONS is open", Peer(200, 401, 200), Reason.CREDENTIALS_PROVEN, 0, 0),
    Row("right, where OPTIONS is challenged", Peer(401, 401, 200), Reason.CREDENTIALS_PROVEN, 0, 0),
    Row("refused by 401", Peer(401, 401, 401), Reason.CREDENTIALS_REJECTED, 4, 3, 1, refused=1),
    Row("refused by 407", Peer(407, 407, 407), Reason.CREDENTIALS_REJECTED, 4, 3, 1, refused=1),
    Row("refused by 403", Peer(401, 401, 403), Reason.REGISTRATION_FORBIDDEN, 4, 3, 1, refused=1),
    Row("refused, OPTIONS open", Peer(200, 401, 401), Reason.CREDENTIALS_REJECTED, 3, 2, 1, refused=1),
    Row("forbidden unasked", Peer(403, 403), Reason.SIP_FORBIDDEN, 2, 2),
    Row("forbids REGISTER alone", Peer(200, 403), Reason.ALIVE_CREDENTIALS_UNPROVEN, 1, 1),
    Row("knows nobody, 404 unasked", Peer(404, 404), Reason.ALIVE_CREDENTIALS_UNPROVEN, 0, 0),
    Row("404 behind the password", Peer(200, 401, 404), Reason.ACCOUNT_NOT_FOUND, 1, 1),
    Row("busy behind the password", Peer(200, 401, 503), Reason.SIP_SERVICE_UNAVAILABLE, 1, 1),
    Row("400 behind the password", Peer(200, 401, 400), Reason.ALIVE_CREDENTIALS_UNPROVEN, 1, 1),
    Row("silent behind the password", Peer(200, 401, None), Reason.SIP_REQUEST_TIMEOUT, 1, 1),
    Row("no challenge is read", Peer(200, 401, 401, stale=True), Reason.AUTH_STALE_LOOP, 1, 1),
    Row("busy", Peer(503, 503), Reason.SIP_SERVICE_UNAVAILABLE, 0, 0),
    Row("silent", Peer(None, None), Reason.NO_RESPONSE, 2, 2, silent=True),
    Row("silent to REGISTER", Peer(200, None), Reason.ALIVE_CREDENTIALS_UNPROVEN, 1, 1),
    Row("silent to OPTIONS", Peer(None, 401, 401), Reason.CREDENTIALS_REJECTED, 4, 3, 1, refused=1),
    Row("right at FreeSWITCH", Peer(200, 401, 200, FREESWITCH), Reason.CREDENTIALS_PROVEN, 0, 0),
    Row(
        "refused at FreeSWITCH",
        Peer(200, 401, 403, FREESWITCH),
        Reason.REGISTRATION_FORBIDDEN,
        unknown=3,
        known=2,
        proven=2,  # its challenge is a line of its log, too
        refused=1,
    ),
    Row("silent behind FreeSWITCH's", Peer(200, 401, None, FREESWITCH), Reason.SIP_REQUEST_TIMEOUT, 1, 1, 1),
)


def _visitor(*, proven: bool) -> Visitor:
    return Visitor(environment_id=UUID(int=1), account_key="alice", proven=proven, knows_password=True)


async def test_what_each_answer_counts(udp_peer_factory: Callable[..., UdpPeer]) -> None:
    wrong = []
    async with Engine(LOOPBACK) as engine:
        for row in ROWS:
            peer = udp_peer_factory(row.peer)
            report = await engine.verify(
                Target("127.0.0.1", peer.port, TransportName.UDP),
                credentials=Credentials("alice", "secret"),
                timeout_seconds=SILENT_SECONDS,
            )
            (unknown,) = seen_in(report, _visitor(proven=False), user_known=False)
            (known,) = seen_in(report, _visitor(proven=False), user_known=True)
            (proven,) = seen_in(report, _visitor(proven=True), user_known=True)
            came = (report.reason, unknown.weight, known.weight, proven.weight, unknown.refused)
            silent = {each.silent == each.weight > 0 for each in (unknown, known)}
            if came != (row.reason, row.unknown, row.known, row.proven, row.refused) or silent != {
                row.silent
            }:
                wrong.append((row.name, came, silent))
    assert not wrong
