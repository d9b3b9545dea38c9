"""What is asked of the trunk API of what outbound trunks alone have; see trunk_scenarios."""

from collections.abc import Awaitable, Callable

from livekit.protocol.sip import SIPCodec, SIPMediaConfig, SIPMediaEncryption, SIPTransport

from tests.livekit_contract.trunk_desk import TrunkDesk

NUMBER = "+14155551234"
HOST = "sip.carrier.example"


async def an_outbound_trunk(desk: TrunkDesk) -> None:
    await desk.create_outbound(
        "a",
        name="a name",
        metadata="some metadata",
        address=f"{HOST}:5061",
        transport=SIPTransport.SIP_TRANSPORT_TLS,
        numbers=[NUMBER],
        auth_username="alice",
        auth_password="secret",
        from_host="elsewhere.example",
        headers={"Route": "<sip:192.0.2.1:5060;lr>", "X-Own": "a value"},
    )
    await desk.create_outbound("b", address=f"{HOST}:5061", numbers=[NUMBER])


async def odd_outbound_trunks(desk: TrunkDesk) -> None:
    await desk.create_outbound("a", address=HOST)
    await desk.create_outbound("b", numbers=[NUMBER])
    for address in [f"sip:{HOST}", f"sips:{HOST}", f"u@{HOST}", f"{HOST};transport=tcp", f"{HOST};lr"]:
        await desk.create_outbound(address, numbers=[NUMBER], address=address)
    for address in [
        "[2001:db8::1]:5060",
        "2001:db8::1",
        "two words",
        f"{HOST}:0",
        f"{HOST}:99999",
        f"{HOST}.",
    ]:
        await desk.create_outbound(address, numbers=[NUMBER], address=address)
    await desk.create_outbound("c", numbers=[NUMBER], address=HOST, from_host=f"sip:{HOST}")


async def headers_of_a_trunk(desk: TrunkDesk) -> None:
    for name in [
        "Route",
        "route",
        "To",
        "Via",
        "Contact",
        "m",
        "From",
        "f",
        "i",
        "Max-Forwards",
        "User-Agent",
    ]:
        await desk.create_outbound(name, numbers=[NUMBER], address=HOST, headers={name: "<sip:a.example>"})
    for name in ["", "two words", "a:b", "x" * 256]:
        await desk.create_outbound(
            f"name {name[:9]!r}", numbers=[NUMBER], address=HOST, headers={name: "a value"}
        )
    for value in ["", "a\r\nb", "a\tb", "ä", "\x7f", "x" * 1024, "x" * 1025]:
        await desk.create_outbound(
            f"value {value[:4]!r} of {len(value)}", numbers=[NUMBER], address=HOST, headers={"X-Own": value}
        )
    await desk.create_inbound("inbound", numbers=[NUMBER], headers={"Contact": "<sip:a.example>"})


async def media_of_a_trunk(desk: TrunkDesk) -> None:
    require = SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE
    codecs = [SIPCodec(name="PCMA", rate=8000), SIPCodec(name="g722"), SIPCodec(name="unheard-of", rate=1)]
    media = SIPMediaConfig(only_listed_codecs=True, codecs=codecs, encryption=require)
    await desk.create_outbound("a", numbers=[NUMBER], address=HOST, media=media)
    await desk.create_inbound("b", numbers=[NUMBER], media=media)
    await desk.create_outbound("old field", numbers=[NUMBER], address=HOST, media_encryption=require)
    only_listed = SIPMediaConfig(only_listed_codecs=True)
    await desk.create_outbound("none listed", numbers=[NUMBER], address=HOST, media=only_listed)
    for name in ["", "two words", "PCMA/8000"]:
        named = SIPMediaConfig(codecs=[SIPCodec(name=name)])
        await desk.create_outbound(f"codec {name!r}", numbers=[NUMBER], address=HOST, media=named)


async def a_change_of_media(desk: TrunkDesk) -> None:
    require = SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE
    await desk.create_outbound("a", numbers=[NUMBER], address=HOST)
    await desk.change_outbound("a", media=SIPMediaConfig(encryption=require))
    await desk.change_outbound("a", name="named")


SCENARIOS: dict[str, Callable[[TrunkDesk], Awaitable[None]]] = {
    scenario.__name__: scenario
    for scenario in [
        an_outbound_trunk,
        odd_outbound_trunks,
        headers_of_a_trunk,
        media_of_a_trunk,
        a_change_of_media,
    ]
}
