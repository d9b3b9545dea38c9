"""Carriers that want another caller, name what is forbidden, or say odd things of media: by a script, over UDP."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from sipcheck import Credentials, Engine, EngineSettings, parse_target
from sipcheck.media.sockets import bind_media
from sipcheck.reasons import CallCause, CallReason, CallVerdict
from sipcheck.report.call_report import CallReport
from sipcheck.verification.calling.options import CallOptions
from tests.peers.call_peer import CallScript
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, UdpPeer
from tests.sipcheck.conftest import LOOPBACK

ALICE = Credentials("alice", "password")
USUAL = CallOptions(number="+4930123456", caller="+4930999999", ring_seconds=15.0, talk_seconds=1.6)
AUTO = CallOptions(number="+4930123456", caller="+4930999999", talk_seconds=0.2, identity=None)


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[CallScript, UdpPeer]]]:
    with ExitStack() as stack:

        def run(script: CallScript) -> tuple[CallScript, UdpPeer]:
            peer = UdpPeer(script)
            script.port = peer.port
            peer.start()
            stack.callback(peer.end)
            return script, peer

        yield run


async def call(peer: UdpPeer, options: CallOptions = USUAL) -> CallReport:
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        return await engine.call(parse_target(f"sip:127.0.0.1:{peer.port}"), options, credentials=ALICE)


def session(host: str, port: int, *lines: str) -> bytes:
    written = (
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP 0",
        *lines,
    )
    return "".join(f"{line}\r\n" for line in written).encode()


class Answering(CallScript):
    """Takes each call with this body, and this Contact."""

    def __init__(self, body: bytes, contact: str = "<sip:carrier@127.0.0.1:{port}>") -> None:
        super().__init__()
        self._body, self._contact = body, contact

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        if not request.startswith(b"INVITE ") or b"Authorization:" not in request:
            return super().__call__(request)
        self.requests.append(request)
        headers = [("Contact", self._contact.format(port=self.port)), ("Content-Type", "application/sdp")]
        return [reply_to(request, 200, "OK", headers=headers, body=self._body)]


class Forking(Answering):
    """Takes each call twice, as two telephones of one number do."""

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        given = super().__call__(request)
        if not request.startswith(b"INVITE ") or b"Authorization:" not in request:
            return given
        (first,) = given
        assert isinstance(first, bytes)
        second = first.replace(b";tag=peer", b";tag=other")
        return [first, Reply(data=second, after_seconds=0.1)]


async def test_the_second_telephone_that_takes_a_call_is_hung_up_at_once(
    start: Callable[..., tuple[CallScript, UdpPeer]],
) -> None:
    with closing(bind_media("127.0.0.1")) as media:
        script, peer = start(Forking(session("127.0.0.1", media.local.port or 0)))
        report = await call(peer, CallOptions(number="+4930123456", talk_seconds=1.0))
        assert report.reason is CallReason.CALL_ANSWERED, report.summary
        # At its end a call hangs up its branches in the order in which they came.
        assert [b";tag=other" in each for each in script.of("BYE")] == [True, False]
        assert len({re.findall(rb"tag=(?:peer|other)", each)[0] for each in script.of("ACK")}) == 2


def waiting(bound: socket.socket) -> int:
    count = 0
    try:
        while bound.recv(4096):
            count += 1
    except BlockingIOError:
        return count
    return count


async def test_nothing_is_sent_to_a_media_address_that_the_guard_forbids(
    start: Callable[..., tuple[CallScript, UdpPeer]],
) -> None:
    script, peer = start(Answering(session("192.0.2.77", 4000)))
    report = await call(peer)
    assert (report.outcome, report.reason, report.cause) == (
        CallVerdict.INCONCLUSIVE,
        CallReason.MEDIA_UNUSABLE,
        CallCause.OWN_GUARD,
    )
    assert report.media.sent_packets == 0
    assert "media-address-forbidden" in [warning.code for warning in report.warnings]
    assert script.methods()[-1] == "BYE"


async def test_a_forbidden_contact_gets_nothing_and_the_edge_that_answered_gets_the_bye(
    start: Callable[..., tuple[CallScript, UdpPeer]],
) -> None:
    with closing(bind_media("127.0.0.1")) as media:
        body = session("127.0.0.1", media.local.port or 0)
        script, peer = start(Answering(body, "<sip:x@192.0.2.77:5060>"))
        report = await call(peer)
        assert {"ACK", "BYE"} <= set(script.methods())
        # Silent though it was reached: it saw us at the address that we named, or did not say.
        assert report.reason is CallReason.MEDIA_SILENT
        assert 0 < waiting(media.rtp) <= 50


# The body of a 200, and what is said of it.
BODIES = {
    "none": (b"", CallReason.MEDIA_UNUSABLE, "unreadable"),
    "no audio": (
        b"v=0\r\nc=IN IP4 127.0.0.1\r\nm=image 1 udptl t38\r\n",
        CallReason.MEDIA_UNUSABLE,
        "no-audio",
    ),
    "port 0": (session("127.0.0.1", 0), CallReason.CODEC_REFUSED, "audio-refused"),
    "a name": (session("media.example", 4000), CallReason.MEDIA_UNUSABLE, "named-host"),
    "IPv6": (session("::1", 4000), CallReason.MEDIA_UNUSABLE, "other-family"),
    "G.729": (session("127.0.0.1", 4000).replace(b"AVP 0", b"AVP 18"), CallReason.CODEC_REFUSED, "no-codec"),
    "SRTP": (
        session("127.0.0.1", 4000).replace(b"RTP/AVP", b"RTP/SAVP"),
        CallReason.ENCRYPTION_REQUIRED,
        None,
    ),
}


@pytest.mark.parametrize(("body", "reason", "fault"), BODIES.values(), ids=list(BODIES))
async def test_an_answer_whose_media_cannot_be_used_is_hung_up_and_told(
    body: bytes, reason: CallReason, fault: str | None, start: Callable[..., tuple[CallScript, UdpPeer]]
) -> None:
    script, peer = start(Answering(body))
    report = await call(peer, CallOptions(number="+4930123456", talk_seconds=0.2))
    assert report.reason is reason, report.summary
    assert fault is None or report.media.fault == fault
    assert script.methods()[-1] == "BYE"


class WantsUsername(CallScript):
    """Forbids every call whose From is no username (livekit/sip#333)."""

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        by_name = re.search(rb"^From: <sip:alice@", request, re.MULTILINE) is not None
        self.answers = ((486, "Busy Here"),) if by_name else ((403, "Forbidden"),)
        return super().__call__(request)


async def test_the_caller_that_a_carrier_wants_is_found(
    start: Callable[..., tuple[CallScript, UdpPeer]],
) -> None:
    script, peer = start(WantsUsername())
    report = await call(peer, AUTO)
    assert [(each.identity, each.status) for each in report.attempts] == [("number", 403), ("username", 486)]
    assert report.reason is CallReason.CALL_BUSY
    second = [each for each in script.of("INVITE") if b"Authorization:" in each][1]
    assert b"P-Preferred-Identity: <sip:+4930999999@127.0.0.1>" in second


async def test_another_caller_is_tried_once_and_only_behind_the_password(
    start: Callable[..., tuple[CallScript, UdpPeer]],
) -> None:
    _, peer = start(CallScript(answers=((403, "Forbidden"),)))
    report = await call(peer, AUTO)
    assert (report.reason, len(report.attempts)) == (CallReason.CALL_FORBIDDEN, 2)
    assert report.identity is None
    _, unasked = start(CallScript(answers=((403, "Forbidden"),), challenge=None))
    assert len((await call(unasked, AUTO)).attempts) == 1
