"""The practice carrier's calls on real sockets, by a caller that is written here and nothing of the engine's."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from sipcheck.auth.authorization import authorization
from sipcheck.auth.challenge import choose
from sipcheck.carrier.behaviours import CallBehaviour, NumberForm
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.server import DEMO_USERS, PracticeCarrier
from sipcheck.media.answer import AgreedMedia, agree
from sipcheck.media.codec import DEFAULT_CODECS
from sipcheck.media.offer import CONTENT_TYPE, Offer
from sipcheck.media.outcome import MediaFlow, flow
from sipcheck.media.sockets import bind_media
from sipcheck.media.stream import MediaStream
from sipcheck.message.builder import build_request, build_response
from sipcheck.message.message import Request, Response
from sipcheck.message.parser import parse
from sipcheck.target import HostPort
from tests.observed import until
from tests.sipcheck.conftest import LOOPBACK

NUMBER = "+4930123456"


@dataclass(eq=False)
class Caller(asyncio.DatagramProtocol):
    """Sends requests, and keeps what comes in order; a BYE is answered by itself."""

    carrier: PracticeCarrier
    number: str = NUMBER
    come: list[Request | Response] = field(default_factory=list)
    call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    cseq: int = 0
    branch: str = ""
    last: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.local = HostPort(*transport.get_extra_info("sockname")[:2])

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        message = parse(data)
        self.come.append(message)
        if isinstance(message, Request):
            self.transport.sendto(build_response(message, status=200, phrase="OK", to_tag=None), address)

    def send(
        self, method: str, *, to_tag: str | None = None, headers: object = (), body: bytes = b""
    ) -> None:
        new = method not in ("ACK", "CANCEL")
        self.cseq += new
        self.branch = f"z9hG4bK{secrets.token_hex(8)}" if new or to_tag else self.branch
        message = build_request(
            method=method,
            uri=f"sip:{self.number}@127.0.0.1",
            transport="UDP",
            sent_by=self.local,
            branch=self.branch,
            from_uri="sip:demo@127.0.0.1",
            from_tag="ours",
            to_uri=f"sip:{self.number}@127.0.0.1",
            to_tag=to_tag,
            call_id=self.call_id,
            cseq=self.cseq,
            user_agent="test",
            headers=headers,  # type: ignore[arg-type]
            body=body,
        )
        self.last = message
        self.transport.sendto(message, ("127.0.0.1", self.carrier.udp_port or 0))

    def invite(self, body: bytes, *credentials: tuple[str, str], to_tag: str | None = None) -> None:
        contact = ("Contact", f"<sip:demo@{self.local}>")
        self.send(
            "INVITE",
            to_tag=to_tag,
            headers=(contact, ("Content-Type", CONTENT_TYPE), *credentials),
            body=body,
        )

    async def log_in(self, body: bytes) -> None:
        """Send an INVITE, and once more with the password."""
        self.invite(body)
        refused = await self.status(401)
        self.send("ACK")
        (challenge, *_) = choose(refused.headers.get_all("WWW-Authenticate"), ())  # type: ignore[misc]
        answer = authorization(
            challenge,
            username="demo",
            password=DEMO_USERS["demo"],
            method="INVITE",
            uri=f"sip:{self.number}@127.0.0.1",
            cnonce="cnonce",
        )
        self.invite(body, answer)

    async def status(self, status: int, method: str = "INVITE") -> Response:
        found: list[Response] = []

        def came() -> bool:
            found[:] = [
                each
                for each in self.come
                if isinstance(each, Response) and (each.status, each.cseq.method) == (status, method)
            ]
            return bool(found)

        await until(came, lambda: [getattr(each, "status", each) for each in self.come])
        return found[-1]


@contextlib.asynccontextmanager
async def calling(behaviour: CallBehaviour, number: str = NUMBER, **options: object) -> AsyncIterator[Caller]:
    async with PracticeCarrier(calls=behaviour, **options) as carrier:  # type: ignore[arg-type]
        loop = asyncio.get_running_loop()
        transport, caller = await loop.create_datagram_endpoint(
            lambda: Caller(carrier, number), local_addr=("127.0.0.1", 0)
        )
        try:
            yield caller
        finally:
            transport.close()


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[tuple[MediaStream, bytes]]:
    stream = MediaStream(sockets=bind_media("127.0.0.1"), guard=LOOPBACK)
    stream.open()
    try:
        yield stream, Offer(media=stream.sockets.local, session_id=1).body()
    finally:
        stream.close()


def agreed_in(response: Response) -> AgreedMedia:
    found = agree(response.body, local_address="127.0.0.1", codecs=DEFAULT_CODECS)
    assert isinstance(found, AgreedMedia)
    return found


# What can be heard of a call that is answered, by how it is treated.
HEARD = {
    CallBehaviour.ECHO: MediaFlow.BOTH,
    CallBehaviour.EARLY: MediaFlow.BOTH,
    CallBehaviour.ONE_WAY: MediaFlow.OUT_ONLY,
    CallBehaviour.SILENT: MediaFlow.NONE,
}


@pytest.mark.parametrize(("behaviour", "expected"), HEARD.items())
async def test_a_call_is_answered_and_heard(behaviour: CallBehaviour, expected: MediaFlow) -> None:
    async with calling(behaviour) as caller, listening() as (stream, offer):
        await caller.log_in(offer)
        answered = await caller.status(200)
        caller.send("ACK", to_tag=answered.to_tag)
        stream.start(agreed_in(answered))
        await until(lambda: flow(stream.count().seen) is expected and stream.count().sent_packets > 20)
        caller.send("BYE", to_tag=answered.to_tag)
        await caller.status(200, "BYE")
        (ended,) = caller.carrier.calls
        assert (ended.number, ended.how) == (NUMBER, "was hung up by the caller")
        assert ended.received_packets >= 20
        assert str(ended).startswith(f"The call to {NUMBER} was hung up by the caller after ")
        assert (stream.count().early_packets > 0) == (behaviour is CallBehaviour.EARLY)


# What refuses a call, and with which status.
REFUSALS = {
    CallBehaviour.BUSY: 486,
    CallBehaviour.REFUSE: 603,
    CallBehaviour.FORBID: 403,
    CallBehaviour.NOT_FOUND: 404,
    CallBehaviour.OTHER_CODEC: 488,
    CallBehaviour.LIMIT: 503,
}


@pytest.mark.parametrize(("behaviour", "status"), REFUSALS.items())
async def test_a_call_is_refused(behaviour: CallBehaviour, status: int) -> None:
    async with calling(behaviour) as caller, listening() as (_, offer):
        await caller.log_in(offer)
        await caller.status(status)
        caller.send("ACK")
        assert str(caller.carrier.calls[0]) == f"The call to {NUMBER} was refused with {status}."


def test_every_behaviour_is_tried() -> None:
    assert set(CallBehaviour) == {*HEARD, *REFUSALS, CallBehaviour.RING, CallBehaviour.HANG_UP}


async def test_a_call_that_rings_is_given_up() -> None:
    async with calling(CallBehaviour.RING) as caller, listening() as (_, offer):
        await caller.log_in(offer)
        await caller.status(180)
        caller.send("CANCEL")
        await caller.status(200, "CANCEL")
        await caller.status(487)
        caller.send("ACK")
        assert [end.how for end in caller.carrier.calls] == ["was given up by the caller"]


async def test_a_call_is_hung_up_by_the_carrier() -> None:
    async with calling(CallBehaviour.HANG_UP) as caller, listening() as (_, offer):
        await caller.log_in(offer)
        answered = await caller.status(200)
        caller.send("ACK", to_tag=answered.to_tag)
        await until(lambda: any(isinstance(each, Request) for each in caller.come))
        bye = next(each for each in caller.come if isinstance(each, Request))
        assert (bye.method, bye.from_tag, bye.to_tag) == ("BYE", answered.to_tag, "ours")
        assert bye.uri == f"sip:demo@{caller.local}"


async def test_what_is_up_cannot_be_changed() -> None:
    async with calling(CallBehaviour.ECHO) as caller, listening() as (_, offer):
        await caller.log_in(offer)
        answered = await caller.status(200)
        caller.send("ACK", to_tag=answered.to_tag)
        caller.invite(offer, to_tag=answered.to_tag)
        await caller.status(488)


async def test_an_answer_is_repeated_until_it_is_acknowledged() -> None:
    async with calling(CallBehaviour.ECHO) as caller, listening() as (_, offer):
        await caller.log_in(offer)
        await until(lambda: [getattr(each, "status", 0) for each in caller.come].count(200) >= 2)


async def test_an_invite_that_comes_again_makes_no_second_call() -> None:
    async with calling(CallBehaviour.RING) as caller, listening() as (_, offer):
        await caller.log_in(offer)
        await caller.status(180)
        caller.transport.sendto(caller.last, ("127.0.0.1", caller.carrier.udp_port or 0))
        await until(lambda: [getattr(each, "status", 0) for each in caller.come].count(180) == 2)
        assert [each.repeated for each in caller.carrier.seen if each.authorized] == [False, True]
        assert caller.carrier.authenticated_attempts == 1


@pytest.mark.parametrize("method", ["BYE", "CANCEL"])
async def test_what_belongs_to_no_call_is_told_so(method: str) -> None:
    async with calling(CallBehaviour.ECHO) as caller:
        caller.send(method, to_tag="nobody")
        await caller.status(481, method)


# The form that is taken, the number as it is called, and whether somebody has it.
FORMS = [
    (NumberForm.PLUS_E164, "+4930123456", True),
    (NumberForm.PLUS_E164, "4930123456", False),
    (NumberForm.E164, "4930123456", True),
    (NumberForm.E164, "030123456", False),
    (NumberForm.NATIONAL, "030123456", True),
    (NumberForm.NATIONAL, "+4930123456", False),
]


@pytest.mark.parametrize(("form", "number", "taken"), FORMS)
async def test_a_number_has_to_be_written_as_the_carrier_wants_it(
    form: NumberForm, number: str, taken: bool
) -> None:
    async with calling(CallBehaviour.RING, number, number_form=form) as caller, listening() as (_, offer):
        await caller.log_in(offer)
        await caller.status(180 if taken else 404)


# Media that does not fit, and what is said of it.
UNFIT = {
    "none": (b"", "it is no SDP"),
    "elsewhere": (
        Offer(media=HostPort("192.0.2.9", 4000), session_id=1).body(),
        "sound to nobody but the caller",
    ),
    "no codec": (b"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 18\r\n", "names no codec"),
}


@pytest.mark.parametrize(("body", "said"), UNFIT.values(), ids=list(UNFIT))
async def test_media_that_does_not_fit_is_refused_with_the_cause(body: bytes, said: str) -> None:
    async with calling(CallBehaviour.ECHO) as caller:
        await caller.log_in(body)
        refused = await caller.status(488)
        assert said in (refused.headers.get("Warning") or "")


async def test_a_wrong_password_takes_no_call() -> None:
    async with (
        calling(CallBehaviour.ECHO, faults=[Fault.WRONG_PASSWORD]) as caller,
        listening() as (_, offer),
    ):
        await caller.log_in(offer)
        await until(lambda: [getattr(each, "status", 0) for each in caller.come].count(401) >= 2)
        assert not caller.carrier.calls


async def test_the_carriers_end_ends_its_calls() -> None:
    async with contextlib.AsyncExitStack() as stack:
        stream, offer = await stack.enter_async_context(listening())
        caller = await stack.enter_async_context(calling(CallBehaviour.ECHO))
        await caller.log_in(offer)
        answered = await caller.status(200)
        caller.send("ACK", to_tag=answered.to_tag)
        await until(lambda: caller.carrier.seen[-1].method == "ACK")
        caller.carrier._desk.close()
        await until(lambda: any(isinstance(each, Request) and each.method == "BYE" for each in caller.come))
        assert [end.how for end in caller.carrier.calls] == ["was ended with the carrier"]
        assert stream.count().lost == 0
