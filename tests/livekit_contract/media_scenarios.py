"""What is offered, and what becomes of answers; calls that are taken, and how they end."""

import re
from collections.abc import Awaitable, Callable, Sequence

from livekit.protocol.sip import SIPCodec, SIPMediaConfig, SIPMediaEncryption

from tests.livekit_contract.call_desk import CallDesk, shortly
from tests.livekit_contract.call_site import CallSite
from tests.livekit_contract.sip_peer import Heard, answering, refusing

DISABLE = SIPMediaEncryption.SIP_MEDIA_ENCRYPT_DISABLE
ALLOW = SIPMediaEncryption.SIP_MEDIA_ENCRYPT_ALLOW
REQUIRE = SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE
_KEY = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"


def offer(heard: Heard) -> Sequence[str]:
    """Tell the lines of the offer that are not a matter of chance."""
    media = re.sub(r"m=audio \d+", "m=audio PORT", heard.body)
    lines = [re.sub(r"inline:\S+", "inline:KEY", line) for line in media.splitlines()]
    return [line for line in lines if line.startswith(("m=", "a="))]


async def encryption(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", refusing(488, "Not Acceptable Here")) as a:
        for wanted in [DISABLE, ALLOW, REQUIRE]:
            await desk.call(a, address="{a}", media=SIPMediaConfig(encryption=wanted), tell=offer)
        await desk.call(a, address="{a}", media_encryption=REQUIRE, tell=offer, title="the old field")


async def codecs(desk: CallDesk, site: CallSite) -> None:
    tables: dict[str, list[SIPCodec]] = {
        "PCMA": [SIPCodec(name="PCMA", rate=8000)],
        "pcma": [SIPCodec(name="pcma", rate=8000)],
        "pcma without rate": [SIPCodec(name="pcma")],
        "PCMU without rate": [SIPCodec(name="PCMU")],
        "G722 at 8000": [SIPCodec(name="G722", rate=8000)],
        "G722 at 16000": [SIPCodec(name="G722", rate=16000)],
        "PCMU and PCMA": [SIPCodec(name="PCMU", rate=8000), SIPCodec(name="PCMA", rate=8000)],
        "G729 and PCMU": [SIPCodec(name="G729", rate=8000), SIPCodec(name="PCMU", rate=8000)],
        "G729": [SIPCodec(name="G729", rate=8000)],
        "G729 without rate": [SIPCodec(name="G729")],
        "none": [],
    }
    with site.peer("a", refusing()) as a:
        for title, listed in tables.items():
            media = SIPMediaConfig(only_listed_codecs=True, codecs=listed)
            await desk.call(a, address="{a}", media=media, tell=offer, title=f"only {title}")
        media = SIPMediaConfig(codecs=[SIPCodec(name="PCMA", rate=8000)])
        await desk.call(a, address="{a}", media=media, tell=offer, title="PCMA first")


async def a_plain_answer(desk: CallDesk, site: CallSite) -> None:
    told = ("INVITE", "ACK", "BYE")
    for wanted in [DISABLE, ALLOW, REQUIRE]:
        with site.peer("a", answering(plain(site.host), contact=site.filled("<sip:{a}>"))) as a:
            title = SIPMediaEncryption.Name(wanted)
            await desk.call(a, address="{a}", media=SIPMediaConfig(encryption=wanted), told=told, title=title)


async def an_encrypted_answer(desk: CallDesk, site: CallSite) -> None:
    told = ("INVITE", "ACK", "BYE")
    body = plain(site.host).replace("RTP/AVP", "RTP/SAVP") + f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 {_KEY}\r\n"
    for wanted in [DISABLE, REQUIRE]:
        with site.peer("a", answering(body, contact=site.filled("<sip:{a}>"))) as a:
            title = SIPMediaEncryption.Name(wanted)
            await desk.call(a, address="{a}", media=SIPMediaConfig(encryption=wanted), told=told, title=title)


async def an_answer_without_a_common_codec(desk: CallDesk, site: CallSite) -> None:
    body = plain(site.host).replace("AVP 0", "AVP 18").replace("0 PCMU", "18 G729")
    with site.peer("a", answering(body, contact=site.filled("<sip:{a}>"))) as a:
        await desk.call(a, address="{a}", told=("INVITE", "ACK", "BYE"))


async def where_the_requests_of_a_call_go(desk: CallDesk, site: CallSite) -> None:
    told = ("INVITE", "ACK", "BYE")
    body, contact = plain(site.host), site.filled("<sip:{b}>")
    with site.peer("a", answering(body, contact=contact)) as a, site.peer("b", refusing()) as b:
        await desk.call(a, b, address="{a}", told=told, title="Contact elsewhere")
    record = [("Record-Route", site.filled("<sip:{b};lr>"))]
    recorded = answering(body, contact=site.filled("<sip:{a}>"), headers=record)
    with site.peer("a", recorded) as a, site.peer("b", refusing()) as b:
        await desk.call(a, b, address="{a}", told=told, title="Record-Route")
    with site.peer("a", refusing()) as a, site.peer("b", answering(body, contact=contact)) as b:
        await desk.call(a, b, address="{a}", told=told, headers={"Route": "<sip:{b};lr>"}, title="Route")


async def the_longest_call(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", answering(plain(site.host), contact=site.filled("<sip:{a}>"))) as a:
        await desk.call(
            a, address="{a}", told=("INVITE", "ACK", "BYE"), talk_seconds=1, hang_up=False, tell=shortly
        )


def plain(host: str) -> str:
    """Give an answer of PCMU alone."""
    lines = ["v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", "m=audio 40000 RTP/AVP 0"]
    return "".join(f"{line}\r\n" for line in [*lines, "a=rtpmap:0 PCMU/8000"])


SCENARIOS: dict[str, Callable[[CallDesk, CallSite], Awaitable[None]]] = {
    scenario.__name__: scenario
    for scenario in [
        encryption,
        codecs,
        a_plain_answer,
        an_encrypted_answer,
        an_answer_without_a_common_codec,
        where_the_requests_of_a_call_go,
        the_longest_call,
    ]
}
