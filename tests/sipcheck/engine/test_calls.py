"""A call of ours is never left up, whatever the peer says and whoever goes away; one INVITE carries the password."""

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network

import pytest

from sipcheck import Engine, EngineSettings, Guard, Proof, Reason, TransportName, parse_target
from tests.peers.call_peer import Answers, CallScript, is_authorised
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer, TlsServerSettings
from tests.peers.udp_peer import Reply, UdpPeer
from tests.sipcheck.conftest import ALICE, LOOPBACK
from tests.sipcheck.engine.playing import WITHIN_SECONDS, listening, play, value

# Taken back before, at and behind each step of a call: the number of datagrams that the peer has had.
WAYS_OUT: Sequence[tuple[str, Answers, str]] = [
    ("rings", ((180, "Ringing"),), "CANCEL"),
    ("trying", ((100, "Trying"),), "CANCEL"),
    ("taken", ((200, "OK"),), "BYE"),
    ("rings-and-taken", ((180, "Ringing"), (200, "OK")), "BYE"),
]


@pytest.mark.parametrize(("name", "answers", "end"), WAYS_OUT, ids=[each[0] for each in WAYS_OUT])
async def test_whoever_goes_away_at_any_moment_leaves_no_call_up(
    name: str, answers: Answers, end: str
) -> None:
    """OPTIONS, INVITE, ACK, INVITE with the password, CANCEL or ACK, ACK or BYE: cancelled at each."""

    async def cancelled_at(number: int) -> CallScript:
        script = CallScript(answers=answers)
        async with listening(script) as peer:
            assert isinstance(peer, UdpPeer)
            async with asyncio.timeout(WITHIN_SECONDS), Engine(EngineSettings(guard=LOOPBACK)) as engine:
                target = parse_target(f"127.0.0.1:{peer.port}", transport=TransportName.UDP)
                run = asyncio.create_task(engine.verify(target, credentials=ALICE, proof=Proof.INVITE))
                while len(peer.received) < number and not run.done():  # noqa: ASYNC110 - a thread's list
                    await asyncio.sleep(0.002)
                run.cancel()
                await asyncio.wait([run])
        return script

    for script in await asyncio.gather(*map(cancelled_at, range(1, 7))):
        assert sum(map(is_authorised, set(script.of("INVITE")))) <= 1
        if any(map(is_authorised, script.of("INVITE"))):
            assert end in script.methods(), script.methods()
            assert script.methods().count("ACK") >= 2


async def test_whoever_goes_away_while_the_password_is_judged_sends_none() -> None:
    asked = asyncio.Event()

    async def never(_: str) -> Reason | None:
        asked.set()
        await asyncio.Event().wait()
        return None

    script = CallScript()
    async with (
        listening(script),
        asyncio.timeout(WITHIN_SECONDS),
        Engine(EngineSettings(guard=LOOPBACK)) as engine,
    ):
        target = parse_target(f"127.0.0.1:{script.port}", transport=TransportName.UDP)
        run = asyncio.create_task(
            engine.verify(target, credentials=ALICE, proof=Proof.INVITE, before_credentials=never)
        )
        await asked.wait()
        run.cancel()
        await asyncio.wait([run])
    assert script.methods() == ["OPTIONS", "INVITE", "ACK"]


async def test_a_sweep_proves_by_calls_too() -> None:
    """Its OPTIONS goes by the batch, a call never does."""
    script = CallScript()
    with UdpPeer(script) as peer:
        settings = EngineSettings(guard=LOOPBACK)
        async with asyncio.timeout(WITHIN_SECONDS), Engine(settings, windowed=True) as engine:
            target = parse_target(f"127.0.0.1:{peer.port}", transport=TransportName.UDP)
            survey = await engine.survey(target)
            report = await engine.verify(target, credentials=ALICE, proof=Proof.INVITE, survey=survey)
    assert report.reason is Reason.CREDENTIALS_PROVEN
    assert script.methods()[:5] == ["OPTIONS", "INVITE", "ACK", "INVITE", "CANCEL"]


async def test_a_peer_that_takes_the_call_and_hangs_up_the_connection_holds_nobody() -> None:
    class Closing(CallScript):
        def __call__(self, request: bytes) -> list[bytes | Reply]:
            given = super().__call__(request)
            taken = request.startswith(b"INVITE") and is_authorised(request)
            return [*given, b""] if taken else given

    script = Closing(answers=((200, "OK"),))
    settings = TlsServerSettings(
        certificate=None, script=lambda request: [each for each in script(request) if isinstance(each, bytes)]
    )
    with TlsServer(settings) as server:
        # Less than the 32 s of a BYE that is waited for.
        async with asyncio.timeout(WITHIN_SECONDS), Engine(EngineSettings(guard=LOOPBACK)) as engine:
            target = parse_target(f"127.0.0.1:{server.port}", transport=TransportName.TCP)
            report = await engine.verify(target, credentials=ALICE, proof=Proof.INVITE)
    assert report.reason is Reason.CREDENTIALS_PROVEN


async def test_what_a_hook_raises_is_the_callers() -> None:
    async def broken(_: str) -> Reason | None:
        raise ZeroDivisionError

    script = CallScript()
    with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
        await play(script, before_credentials=broken)
    assert not any(map(is_authorised, script.of("INVITE")))


async def test_credentials_that_are_withheld_do_not_leave() -> None:
    async def frozen(_: str) -> Reason | None:
        return Reason.CREDENTIALS_FROZEN

    played = await play(CallScript(), before_credentials=frozen)
    assert played.report.reason is Reason.CREDENTIALS_FROZEN
    assert played.script.methods() == ["OPTIONS", "INVITE", "ACK"]


class OnceLate(CallScript):
    """Answers an INVITE (with the password, where it is asked for one) only when it comes the third time: at 1.5 s."""

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        counts = request.startswith(b"INVITE") and (self.challenge is None or is_authorised(request))
        if counts and self.requests.count(request) < 2:
            self.requests.append(request)
            return []
        return super().__call__(request)


LATE = [
    ("rings", None, ((180, "Ringing"),), ["OPTIONS", "INVITE", "CANCEL", "ACK"]),
    ("taken", None, ((200, "OK"),), ["OPTIONS", "INVITE", "ACK", "BYE"]),
    ("refused", None, ((486, "Busy"),), ["OPTIONS", "INVITE", "ACK"]),
    ("trying", None, ((100, "Trying"),), ["OPTIONS", "INVITE", "CANCEL", "ACK"]),
    (
        "rings-behind-the-password",
        407,
        ((180, "Ringing"),),
        ["OPTIONS", "INVITE", "ACK", "INVITE", "CANCEL", "ACK"],
    ),
]


@pytest.mark.parametrize(("name", "challenge", "answers", "methods"), LATE, ids=[each[0] for each in LATE])
async def test_what_comes_behind_the_deadline_is_ended(
    name: str, challenge: int | None, answers: Answers, methods: list[str]
) -> None:
    """No CANCEL before a provisional response (§9.1): the call is watched until one comes, or something final."""
    played = await play(OnceLate(answers=answers, challenge=challenge), timeout_seconds=1.2)
    assert played.script.methods() == methods
    assert played.report.credentials != "proven"


async def test_a_challenge_behind_the_deadline_is_acknowledged_and_not_answered() -> None:
    class LateChallenge(CallScript):
        def __call__(self, request: bytes) -> list[bytes | Reply]:
            if request.startswith(b"INVITE") and self.requests.count(request) < 2:
                self.requests.append(request)
                return []
            return super().__call__(request)

    played = await play(LateChallenge(), timeout_seconds=1.2)
    assert played.script.methods() == ["OPTIONS", "INVITE", "ACK"]


async def test_a_call_that_is_taken_behind_its_own_refusal_is_ended_too() -> None:
    """RFC 3261 §16.7: a proxy hands on a 2xx of another branch, whatever it has sent before.

    The 487 ends the run, so that our loop stands still until both are there to be read.
    """
    loop, stands_still, sent = asyncio.get_running_loop(), threading.Event(), threading.Event()

    def stand_still() -> None:
        stands_still.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            # What the peer reads next, it reads when it has sent its answers.
            asking.sendto(b"SENT?", ("127.0.0.1", script.port))
            sent.wait(WITHIN_SECONDS)

    class Together(CallScript):
        def __call__(self, request: bytes) -> list[bytes | Reply]:
            if request == b"SENT?":
                sent.set()
                return []
            if request.startswith(b"CANCEL") and not stands_still.is_set():
                loop.call_soon_threadsafe(stand_still)
                assert stands_still.wait(WITHIN_SECONDS)
            return super().__call__(request)

    script = Together(cancelled=((487, "Terminated"), (200, "OK")))
    played = await play(script)
    assert script.methods() == ["OPTIONS", "INVITE", "ACK", "INVITE", "CANCEL", "ACK", "ACK", "BYE"]
    assert [warning.code for warning in played.report.warnings] == ["call-was-answered"]


async def test_each_branch_of_a_fork_is_acknowledged_and_ended() -> None:
    class Fork(CallScript):
        def __call__(self, request: bytes) -> list[bytes | Reply]:
            given = super().__call__(request)
            if request.startswith(b"INVITE") and is_authorised(request):
                first = given[0]
                assert isinstance(first, bytes)
                return [first, first.replace(b"tag=peer", b"tag=other"), first]
            return given

    played = await play(Fork(answers=((200, "OK"),)))
    tags = [re.search(r"tag=(\w+)", value(each, "To")) for each in played.script.of("BYE")]
    assert sorted({tag[1] for tag in tags if tag}) == ["other", "peer"]
    acknowledged = [value(each, "To").rpartition("=")[2] for each in played.script.of("ACK")[1:]]
    assert sorted(acknowledged) == ["other", "peer", "peer"]
    copies = [each for each in played.script.of("ACK") if value(each, "To").endswith("tag=peer")]
    assert len({value(each, "Via") for each in copies[1:]}) == 1  # the copy of a 2xx gets the same ACK


async def test_a_peer_that_forks_without_end_gets_no_more_than_its_share() -> None:
    class Endless(CallScript):
        def __call__(self, request: bytes) -> list[bytes | Reply]:
            given = super().__call__(request)
            if request.startswith(b"INVITE") and is_authorised(request):
                first = given[0]
                assert isinstance(first, bytes)
                return [first.replace(b"tag=peer", b"tag=t%d" % number) for number in range(60)]
            return given

    played = await play(Endless(answers=((200, "OK"),)))
    assert len({value(each, "To") for each in played.script.of("BYE")}) == 16


@pytest.mark.parametrize("recorded", [False, True], ids=["contact", "record-route"])
async def test_ack_and_bye_go_where_the_peer_says(
    recorded: bool, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    """§12.1.2: the remote target, or the first of the Route set."""
    elsewhere = CallScript()
    peer = udp_peer_factory(elsewhere)
    place = f"sip:127.0.0.1:{peer.port};lr"
    headers = [("Record-Route", f"<{place}>")] if recorded else []
    contact = "<sip:carrier@192.0.2.77>" if recorded else f"<sip:carrier@127.0.0.1:{peer.port}>"
    script = CallScript(answers=((200, "OK", headers),), contact=contact)
    await play(script)
    assert script.methods() == ["OPTIONS", "INVITE", "ACK", "INVITE"]
    assert elsewhere.methods() == ["ACK", "BYE"]
    bye = elsewhere.of("BYE")[0]
    assert bye.startswith(b"BYE " + contact.strip("<>").encode())
    assert value(bye, "Route") == (f"<{place}>" if recorded else "")
    assert value(bye, "CSeq") == "3 BYE"
    # The ACK carries what its INVITE carried, number and password (§13.2.2.4, §22.1).
    ack = elsewhere.of("ACK")[0]
    assert value(ack, "CSeq") == "2 ACK"
    assert is_authorised(ack)


FORBIDDEN = [
    "<sip:carrier@127.0.0.2:{port}>",
    "<sip:carrier@10.1.2.3>",
    "<sip:carrier@127.0.0.1:6379>",
    "<sip:carrier@[::ffff:10.1.2.3]:5070>",
    "<sip:carrier@127.1>",
    "<sip:carrier@2130706433:5070>",
    "<sip:carrier@nowhere.invalid>",
    "<tel:+1>",
    "nonsense",
    "",
]


@pytest.mark.parametrize("contact", FORBIDDEN)
async def test_what_may_not_be_sent_to_leaves_the_edge_that_answered(
    contact: str, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    """docs/design/sip.md, hazard 3: a Contact is the peer's input."""
    own = Guard(allow_networks=(ip_network("127.0.0.1/32"),))
    script = CallScript(answers=((200, "OK"),), contact=contact)
    played = await play(script, guard=own)
    assert script.methods() == ["OPTIONS", "INVITE", "ACK", "INVITE", "ACK", "BYE"]
    sent_to = {step.destination for step in played.report.trace if step.direction == "sent"}
    assert sent_to == {f"127.0.0.1:{script.port}"}


def asks(method: str, invite: bytes, *, cseq: int = 1, branch: str = "z9hG4bKpeer") -> bytes:
    """A request of the peer's within the dialog that its 200 to this INVITE made."""
    lines = [
        f"{method} sip:alice@127.0.0.1 SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:5999;rport;branch={branch}{method}{cseq}",
        f"From: {value(invite, 'To')};tag=peer",
        f"To: {value(invite, 'From')}",
        f"Call-ID: {value(invite, 'Call-ID')}",
        f"CSeq: {cseq} {method}",
        "Max-Forwards: 70",
        "Content-Length: 0",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


@dataclass
class Asking(CallScript):
    """Sends requests of its own within the call as soon as it was taken, and keeps what they were answered."""

    asked: Sequence[str] = ()
    heard: list[str] = field(default_factory=list)

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        if request.startswith(b"SIP/2.0"):
            self.heard.append(f"{value(request, 'CSeq').split()[1]} {request[8:11].decode()}")
            return []
        given = super().__call__(request)
        if request.startswith(b"INVITE") and is_authorised(request):
            given += [asks(method, request, cseq=number) for number, method in enumerate(self.asked, 1)]
        return given


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        (["BYE"], ["BYE 200"]),
        (["INVITE"], ["INVITE 488"]),
        (["UPDATE", "OPTIONS", "BYE"], ["UPDATE 488", "OPTIONS 200", "BYE 200"]),
        (["INFO", "NOTIFY"], ["INFO 405", "NOTIFY 481"]),
        (["BYE", "BYE"], ["BYE 200", "BYE 200"]),
    ],
    ids=lambda each: "-".join(each),
)
async def test_what_the_peer_asks_within_the_call_is_answered(asked: list[str], heard: list[str]) -> None:
    script = Asking(answers=((200, "OK"),), asked=asked)
    played = await play(script)
    assert list(dict.fromkeys(script.heard)) == list(dict.fromkeys(heard))
    assert played.report.reason is Reason.CREDENTIALS_PROVEN
    assert "BYE" in asked or "BYE" in script.methods()


async def test_our_own_requests_sent_back_are_not_answered() -> None:
    """A peer that mirrors would else hear of itself what it is to say."""

    class Mirror(CallScript):
        def __call__(self, request: bytes) -> list[bytes | Reply]:
            self.requests.append(request)
            copies = sum(each == request for each in self.requests)
            if request.startswith(b"OPTIONS"):
                return [reply_to(request)]
            return [reply_to(request, 480, "Enough")] if copies > 2 else [request]

    script = Mirror()
    played = await play(script, timeout_seconds=1)
    assert not any(each.startswith(b"SIP/2.0") for each in script.requests)
    assert played.report.cause == "invite-unanswered"
    assert "sent back" in played.report.summary


@pytest.mark.parametrize("challenge", [401, 407])
async def test_a_challenged_bye_is_answered_once(challenge: int) -> None:
    name = "WWW-Authenticate" if challenge == 401 else "Proxy-Authenticate"
    header = (name, 'Digest realm="carrier.example", nonce="bye", qop="auth"')
    script = CallScript(answers=((200, "OK"),), bye=((challenge, "Prove It", [header]),))
    await play(script)
    assert [is_authorised(each) for each in script.of("BYE")] == [False, True]
    assert [value(each, "CSeq") for each in script.of("BYE")] == ["3 BYE", "4 BYE"]


async def test_a_stream_of_answers_that_cannot_be_read_ends_in_time() -> None:
    class Garbage(CallScript):
        def __call__(self, request: bytes) -> list[bytes | Reply]:
            given = super().__call__(request)
            if request.startswith(b"INVITE"):
                copies = sum(each == request for each in self.requests)
                return given if copies > 1 else [b"SIP/2.0 200 OK\r\nnonsense\r\n\r\n"] * 100
            return given

    played = await play(Garbage(challenge=None), timeout_seconds=1)
    assert played.report.cause == "invite-unanswered"
