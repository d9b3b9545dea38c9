"""What a peer says late, outside the grammar or of its own invention decides no verdict, and leaves no call up."""

import asyncio
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from sipcheck import Credentials, Engine, EngineSettings, Proof, Reason, TransportName, parse_target
from sipcheck.reasons import WarningCode
from sipcheck.sweep.sweep import Sweep, SweepRow
from sipcheck.target import HostPort
from sipcheck.transaction.invite.call_mark import CallMark, DialogMark
from tests.peers.call_peer import Answers, CallScript, is_authorised
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, UdpPeer
from tests.sipcheck.conftest import ALICE, LOOPBACK
from tests.sipcheck.engine.playing import WITHIN_SECONDS, listening, play, value

TRANSPORTS = (TransportName.UDP, TransportName.TCP)
OK: Answers = ((200, "OK"),)


@dataclass
class TakenLate(CallScript):
    """Takes the INVITE without the password only when the one with it has come, and answers that one behind it."""

    late_tag: bytes = b"late"
    first: bytes = b""

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        given = super().__call__(request)
        if not request.startswith(b"INVITE"):
            return given
        if not is_authorised(request):
            self.first = request
            return given
        contact = self.contact.format(port=self.port)
        late = reply_to(self.first, 200, "OK", headers=[("Contact", contact)])
        return [late.replace(b"tag=peer", b"tag=" + self.late_tag), *given]


# What the INVITE with the password is answered; the verdict; what ends this INVITE; whether the credentials are proven.
BEHIND: list[tuple[str, Answers, Reason, list[str]]] = [
    ("refused", ((403, "Forbidden"),), Reason.CALL_FORBIDDEN, ["2 ACK"]),
    ("no-such-number", ((404, "Not Found"),), Reason.CREDENTIALS_PROVEN, ["2 ACK"]),
    ("password-wrong", ((407, "Again"),), Reason.CREDENTIALS_REJECTED, ["2 ACK"]),
    ("out-of-service", ((503, "Later"),), Reason.SIP_SERVICE_UNAVAILABLE, ["2 ACK"]),
    ("rings", ((180, "Ringing"),), Reason.CREDENTIALS_PROVEN, ["2 CANCEL", "2 ACK"]),
    ("taken", OK, Reason.CREDENTIALS_PROVEN, ["2 ACK", "3 BYE"]),
]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("late_tag", [b"late", b"peer"], ids=["a-fork", "one-tag"])
@pytest.mark.parametrize(("name", "answers", "reason", "end"), BEHIND, ids=[each[0] for each in BEHIND])
async def test_a_late_success_of_the_first_invite_says_nothing_of_the_password(
    name: str, answers: Answers, reason: Reason, end: list[str], late_tag: bytes, transport: TransportName
) -> None:
    """Its dialog is acknowledged and ended, and the INVITE with the password is waited for and ended on its own."""
    played = await play(TakenLate(answers=answers, late_tag=late_tag), transport=transport)
    script = played.script
    assert played.report.reason is reason
    assert WarningCode.CALL_WAS_ANSWERED in [warning.code for warning in played.report.warnings]
    asked = [value(each, "CSeq") for each in dict.fromkeys(script.requests)]
    assert sorted(asked) == sorted(["1 OPTIONS", "1 INVITE", "1 ACK", "2 INVITE", "1 ACK", "2 BYE", *end])
    late = [each for each in script.of("ACK") + script.of("BYE") if value(each, "CSeq") in ("1 ACK", "2 BYE")]
    assert [value(each, "To").partition("tag=")[2] for each in late] == ["peer", *[late_tag.decode()] * 2]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("status", [404, 486, 503])
async def test_a_success_in_one_breath_with_a_refusal_is_ended(status: int, transport: TransportName) -> None:
    """§16.7: over TCP nothing is awaited behind a refusal (Timer D is zero), but what is there already is read."""
    script = CallScript(answers=((status, "No"), (200, "OK")), challenge=None)
    await play(script, transport=transport)
    assert [value(each, "CSeq") for each in script.requests] == [
        "1 OPTIONS",
        "1 INVITE",
        "1 ACK",
        "1 ACK",
        "2 BYE",
    ]


@dataclass
class Tagged(CallScript):
    """Names its side of the dialog by `tag`, and records its way by `recorded`."""

    tag: bytes = b"peer"
    recorded: Sequence[str] = ()

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        given = super().__call__(request)
        if not request.startswith(b"INVITE"):
            return given
        routes = b"".join(b"Record-Route: %s\r\n" % each.encode() for each in self.recorded)
        return [
            each.replace(b";tag=peer", b";tag=" + self.tag).replace(b"Call-ID:", routes + b"Call-ID:", 1)
            for each in given
            if isinstance(each, bytes)
        ]


# As it comes, and as it goes back.
TAGS: list[tuple[bytes, bytes]] = [
    (b"", b";tag="),
    (b'"a b"', b';tag="a b"'),
    (b'""', b';tag=""'),
    (b"a,b", b";tag=a,b"),
    (b"a b", b";tag=a b"),
    (b"a/b@c:d=e", b";tag=a/b@c:d=e"),
    (b"{x}", b";tag={x}"),
    (b"<x>", b";tag=<x>"),
    ("\u00fc".encode(), ";tag=\u00fc".encode()),
    (b"\xff", b";tag=\xff"),
    (b"a\x01b", b""),
    (b"a\x7fb", b""),
    (b"x" * 2000, b";tag=" + b"x" * 2000),
]
FINALS: list[tuple[Answers, list[str]]] = [
    (((404, "Not Found"),), ["OPTIONS", "INVITE", "ACK"]),
    (OK, ["OPTIONS", "INVITE", "ACK", "BYE"]),
]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("answers", "methods"), FINALS, ids=["refused", "taken"])
@pytest.mark.parametrize(("tag", "echoed"), TAGS)
async def test_whatever_a_peer_calls_its_side_goes_back_to_it(
    tag: bytes, echoed: bytes, answers: Answers, methods: list[str], transport: TransportName
) -> None:
    script = Tagged(answers=answers, challenge=None, tag=tag)
    played = await play(script, transport=transport)
    assert played.report.reason is Reason.ALIVE_CREDENTIALS_UNPROVEN
    assert script.methods() == methods
    for request in script.of("ACK") + script.of("BYE"):
        to = re.search(rb"^To: [^>]*>(.*)\r$", request, re.MULTILINE)
        assert to is not None
        assert to[1] == echoed


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    "recorded",
    ['"a\x01b" <sip:127.0.0.1:{port};lr>', "<sip:127.0.0.1:{port};lr>;x=\x7f", "nonsense", "", "<sip:[>"],
)
async def test_a_way_that_cannot_be_written_leaves_the_one_that_answered(
    recorded: str, transport: TransportName
) -> None:
    script = Tagged(answers=OK, challenge=None, recorded=[recorded])
    await play(script, transport=transport)
    assert script.methods() == ["OPTIONS", "INVITE", "ACK", "BYE"]
    assert [value(each, "Route") for each in script.of("BYE")] == [""]


async def test_a_row_whose_peer_is_odd_takes_no_other_with_it() -> None:
    odd, plain = Tagged(answers=((404, "Not Found"),), tag=b""), CallScript()
    async with (
        listening(odd),
        listening(plain),
        Engine(EngineSettings(guard=LOOPBACK), windowed=True) as engine,
    ):
        rows = [
            SweepRow(number, parse_target(f"127.0.0.1:{each.port}", transport=TransportName.UDP), ALICE)
            for number, each in enumerate((odd, plain), 1)
        ]
        sweep = Sweep(engine, proof=Proof.INVITE, timeout_seconds=3)
        async with asyncio.timeout(WITHIN_SECONDS):
            results = [result async for result in sweep.run(rows)]
    assert {result.number: result.report.reason for result in results} == {
        1: Reason.CREDENTIALS_PROVEN,
        2: Reason.CREDENTIALS_PROVEN,
    }


# Provisional responses and what follows them; what a caller whom the carrier knows is answered is proof.
PROVISIONAL: list[tuple[str, Answers, Reason, bool]] = [
    (f"{first}-{final}", ((first, "Early"), (final, "End")), reason, first in (181, 183, 189))
    for first, (final, reason) in itertools.product(
        (101, 155, 179, 181, 183, 189, 190, 199),
        (
            (404, Reason.CREDENTIALS_PROVEN),
            (403, Reason.CALL_FORBIDDEN),
            (503, Reason.SIP_SERVICE_UNAVAILABLE),
            (180, Reason.CREDENTIALS_PROVEN),
        ),
    )
]


@pytest.mark.parametrize(
    ("name", "answers", "reason", "rings"), PROVISIONAL, ids=[each[0] for each in PROVISIONAL]
)
async def test_only_what_rings_says_more_than_the_end(
    name: str, answers: Answers, reason: Reason, rings: bool
) -> None:
    played = await play(CallScript(answers=answers))
    assert played.report.reason is (Reason.CREDENTIALS_PROVEN if rings else reason)


@dataclass
class ProvingBye(CallScript):
    """Challenges a BYE for a realm of its choosing."""

    realm: str = "elsewhere.example"
    challenge_headers: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        header = ("Proxy-Authenticate", f'Digest realm="{self.realm}", nonce="x", qop="auth"')
        self.bye = ((407, "Prove It", [header]),)
        self.answers = OK


# The realm of the BYE, those that the owner named, whether the INVITE is challenged, and whether the BYE is answered:
# where it goes to the edge that took the INVITE, and where it goes elsewhere.
REALMS = [
    ("carrier.example", (), 407, True, True),
    ("carrier.example", ("carrier.example",), 407, True, True),
    ("carrier.example", ("carrier.example", "elsewhere.example"), 407, True, True),
    ("elsewhere.example", (), 407, False, False),
    ("elsewhere.example", ("carrier.example",), 407, False, False),
    # Named by the owner, but not what this call's INVITE was answered for.
    ("elsewhere.example", ("carrier.example", "elsewhere.example"), 407, False, False),
    # Nobody was asked before: what the edge itself asks for first is answered, as it would be of an INVITE.
    ("carrier.example", (), None, True, False),
    ("elsewhere.example", ("elsewhere.example",), None, True, True),
    ("elsewhere.example", ("carrier.example",), None, False, False),
]


@pytest.mark.parametrize(("realm", "named", "challenge", "at_edge", "elsewhere"), REALMS)
async def test_a_bye_is_proven_to_nobody_whom_the_invite_was_not(
    realm: str, named: tuple[str, ...], challenge: int | None, at_edge: bool, elsewhere: bool
) -> None:
    """Where a BYE goes, the peer has named: it would else be asked for any realm's digest there."""
    credentials = Credentials(ALICE.username, ALICE.password, realms=named)
    script = ProvingBye(realm=realm, challenge=challenge)
    await play(script, credentials=credentials)
    assert list(map(is_authorised, script.of("BYE"))) == [False, True][: 1 + at_edge]
    other = ProvingBye(realm=realm)
    async with listening(other):
        script = ProvingBye(realm=realm, challenge=challenge, contact=f"<sip:carrier@127.0.0.1:{other.port}>")
        await play(script, credentials=credentials)
    assert list(map(is_authorised, other.of("BYE"))) == [False, True][: 1 + elsewhere]


@pytest.mark.parametrize(("realm", "realms", "answered"), [
    ("carrier.example", ("carrier.example",), True),
    ("elsewhere.example", ("carrier.example",), False),
    ("carrier.example", (), True),
])  # fmt: skip
async def test_a_call_whose_maker_is_gone_is_proven_to_nobody_else_either(
    realm: str, realms: tuple[str, ...], answered: bool
) -> None:
    script = ProvingBye(realm=realm)
    async with listening(script), Engine(EngineSettings(guard=LOOPBACK)) as engine:
        mark = CallMark(
            host="127.0.0.1",
            address="127.0.0.1",
            port=script.port,
            transport=TransportName.UDP,
            tls_name="127.0.0.1",
            sent_by=HostPort("127.0.0.1", 5999),
            branch="z9hG4bKgone",
            cseq=2,
            request_uri="sip:+889@127.0.0.1",
            from_uri="sip:alice@127.0.0.1",
            to_uri="sip:+889@127.0.0.1",
            call_id="gone",
            from_tag="ours",
            user_agent="sipcheck",
            route=None,
            realms=realms,
            dialog=DialogMark(
                remote_tag="peer", remote_target=f"sip:c@127.0.0.1:{script.port}", routes=(), readable=True
            ),
        )
        async with asyncio.timeout(WITHIN_SECONDS):
            assert await engine.end_call(mark, credentials=ALICE)
    assert list(map(is_authorised, script.of("BYE"))) == [False, True][: 1 + answered]


@pytest.mark.parametrize("windowed", [False, True], ids=["plain", "batch"])
@pytest.mark.parametrize("rest", [
    "qop=auth,auth-int, algorithm=SHA-256",
    "qop=auth, auth-int,algorithm=SHA-256",
    'qop="auth", stale, algorithm=SHA-256',
])  # fmt: skip
async def test_what_stands_behind_a_bare_word_is_read(rest: str, windowed: bool) -> None:
    """Answered by another algorithm than was asked for, a right password would be told as wrong."""
    header = ("WWW-Authenticate", f'Digest realm="carrier.example", nonce="n", {rest}')
    asked: list[bytes] = []

    def registrar(request: bytes) -> list[bytes]:
        asked.append(request)
        if request.startswith(b"OPTIONS") or b"algorithm=SHA-256" in request:
            return [reply_to(request)]
        return [reply_to(request, 401, "Unauthorized", headers=[header])]

    with UdpPeer(registrar) as peer:
        async with Engine(EngineSettings(guard=LOOPBACK), windowed=windowed) as engine:
            target = parse_target(f"127.0.0.1:{peer.port}", transport=TransportName.UDP)
            report = await engine.verify(target, credentials=ALICE)
    assert report.reason is Reason.CREDENTIALS_PROVEN
    assert [each.partition(b" ")[0] for each in asked] == [b"OPTIONS", b"REGISTER", b"REGISTER"]
