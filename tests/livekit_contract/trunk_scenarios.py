"""What is asked of the trunk API; what a real LiveKit answered stands in recorded/trunks.json."""

from collections.abc import Awaitable, Callable

from livekit.protocol.models import ListUpdate
from livekit.protocol.sip import SIPCodec, SIPMediaConfig, SIPMediaEncryption, SIPTransport

from tests.livekit_contract.trunk_desk import TrunkDesk

NUMBER, OTHER, THIRD = "+14155551234", "+14155550000", "+442071234567"
HOST = "sip.carrier.example"


async def one_number_twice(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", numbers=[NUMBER])
    await desk.create_inbound("b", numbers=[NUMBER])
    await desk.create_inbound("c", numbers=[OTHER, NUMBER])
    await desk.create_inbound("d", numbers=[NUMBER], auth_username="alice", auth_password="secret")
    await desk.create_inbound("e", numbers=[NUMBER], allowed_addresses=["192.0.2.1"])


async def one_number_in_other_forms(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", numbers=["+1 (415) 555-1234"])
    for form in ["14155551234", "+1-415-555-1234", "0014155551234", "tel:+14155551234", "+14155551234;npdi"]:
        await desk.create_inbound(form, numbers=[form])


async def letters_are_no_number(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", numbers=["alice"])
    await desk.create_inbound("b", numbers=["Alice"])
    await desk.create_inbound("c", numbers=["alice"])


async def one_number_for_other_callers(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", numbers=[NUMBER], allowed_numbers=[OTHER])
    await desk.create_inbound("b", numbers=[NUMBER], allowed_numbers=[THIRD])
    await desk.create_inbound("c", numbers=[NUMBER], allowed_numbers=["1 415 555 0000"])
    await desk.create_inbound("d", numbers=[NUMBER])
    await desk.create_inbound("e", numbers=[NUMBER])


async def two_without_numbers(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", auth_username="alice", auth_password="secret")
    await desk.create_inbound("b", auth_username="bob", auth_password="secret")
    await desk.create_inbound("c", allowed_addresses=["192.0.2.1"])
    await desk.create_inbound("d", numbers=[NUMBER])


async def many_at_once(desk: TrunkDesk) -> None:
    await desk.create_many(20, numbers=[NUMBER])


async def an_update_takes_a_number(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", numbers=[NUMBER])
    await desk.create_inbound("b", numbers=[OTHER])
    await desk.replace_inbound("b", numbers=[NUMBER])
    await desk.list_inbound(numbers=[NUMBER])
    await desk.create_inbound("c", numbers=[THIRD])


async def an_update_by_fields_takes_a_number(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", numbers=[NUMBER])
    await desk.create_inbound("b", numbers=[OTHER])
    await desk.change_inbound("b", numbers=ListUpdate(add=[NUMBER]))


async def an_update_of_one_that_conflicts(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", numbers=[NUMBER], allowed_numbers=[OTHER])
    await desk.create_inbound("b", numbers=[NUMBER], allowed_numbers=[THIRD])
    await desk.replace_inbound("a", numbers=[NUMBER])
    await desk.replace_inbound("b", numbers=[NUMBER], allowed_numbers=[OTHER], name="b")
    await desk.replace_inbound("b", numbers=[NUMBER])


async def security_of_an_inbound_trunk(desk: TrunkDesk) -> None:
    await desk.create_inbound("a")
    await desk.create_inbound("b", allowed_numbers=[NUMBER])
    await desk.create_inbound("c", auth_username="alice")


async def allowed_addresses_as_they_are(desk: TrunkDesk) -> None:
    given = [
        "192.0.2.1",
        "192.0.2.0/24",
        "10.0.0.0/255.0.0.0",
        "carrier",
        "192.0.2.300",
        "",
        "<>",
        "192.0.2.1/24",
    ]
    await desk.create_inbound("a", numbers=[NUMBER], allowed_addresses=given)
    await desk.replace_inbound("a", numbers=[NUMBER], allowed_addresses=["nonsense,"])


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


async def a_replace_empties(desk: TrunkDesk) -> None:
    await desk.create_inbound(
        "a", numbers=[NUMBER], allowed_addresses=["192.0.2.1"], metadata="some", name="a"
    )
    await desk.replace_inbound("a", numbers=[NUMBER])
    await desk.create_outbound(
        "b", numbers=[NUMBER], address=HOST, headers={"X-Own": "a value"}, from_host=HOST
    )
    await desk.replace_outbound("b", numbers=[NUMBER], address=HOST)
    await desk.replace_outbound("b", numbers=[], address=HOST)
    await desk.replace_outbound("b", numbers=[NUMBER], address=HOST, sip_trunk_id="ST_another")


async def a_change_of_fields(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", numbers=[NUMBER], allowed_addresses=["192.0.2.1", "192.0.2.2"], name="a")
    await desk.change_inbound("a", name="", metadata="some")
    await desk.change_inbound("a", allowed_addresses=ListUpdate(remove=["192.0.2.1"], add=["192.0.2.3"]))
    await desk.change_inbound("a", allowed_addresses=ListUpdate(set=["192.0.2.4"]))
    await desk.change_inbound("a", allowed_addresses=ListUpdate(add=["192.0.2.4"]))


async def a_list_that_is_emptied_by_fields(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", numbers=[NUMBER], allowed_addresses=["192.0.2.1"])
    await desk.change_inbound("a", allowed_addresses=ListUpdate(set=[]))
    await desk.change_inbound("a", allowed_addresses=ListUpdate(set=[""]))
    await desk.change_inbound("a", allowed_addresses=ListUpdate(clear=True, add=["192.0.2.2"]))
    await desk.change_inbound("a", allowed_addresses=ListUpdate(set=["192.0.2.5"], add=["192.0.2.2"]))
    await desk.change_inbound("a", allowed_addresses=ListUpdate(remove=["192.0.2.1"]))
    await desk.change_inbound("a", allowed_addresses=ListUpdate(set=["192.0.2.1"]))
    await desk.change_inbound("a", allowed_addresses=ListUpdate(clear=True))
    await desk.change_inbound("a", numbers=ListUpdate(clear=True))
    await desk.create_outbound("b", numbers=[NUMBER], address=HOST)
    await desk.change_outbound("b", numbers=ListUpdate(clear=True))
    await desk.change_outbound("b", address="")
    await desk.change_outbound("b", address=f"sip:{HOST}")


async def a_change_of_media(desk: TrunkDesk) -> None:
    require = SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE
    await desk.create_outbound("a", numbers=[NUMBER], address=HOST)
    await desk.change_outbound("a", media=SIPMediaConfig(encryption=require))
    await desk.change_outbound("a", name="named")


async def an_update_of_what_is_not_there(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", numbers=[NUMBER])
    await desk.replace_inbound("ST_none", numbers=[NUMBER])
    await desk.replace_outbound("ST_none", numbers=[NUMBER], address=HOST)
    await desk.replace_outbound("a", numbers=[NUMBER], address=HOST)
    await desk.replace_inbound("", numbers=[NUMBER])
    await desk.update_without_action("a")


async def a_deletion_twice(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", numbers=[NUMBER])
    await desk.delete("a")
    await desk.delete("a")
    await desk.delete("ST_none")
    await desk.delete("")
    await desk.list_inbound()


async def a_list_by_number(desk: TrunkDesk) -> None:
    await desk.create_inbound("in", numbers=[NUMBER])
    await desk.create_inbound("in, other", numbers=[OTHER])
    await desk.create_inbound("in, any", auth_username="alice", auth_password="secret")
    await desk.create_outbound("out", numbers=[NUMBER], address=HOST)
    await desk.create_outbound("out, other", numbers=[OTHER, THIRD], address=HOST)
    for numbers in [[NUMBER], ["1 (415) 555-1234"], ["14155551234"], [OTHER, NUMBER], [THIRD], ["+49301"]]:
        await desk.list_inbound(numbers=numbers)
        await desk.list_outbound(numbers=numbers)


async def a_list_by_id(desk: TrunkDesk) -> None:
    await desk.create_inbound("a", numbers=[NUMBER])
    await desk.create_inbound("b", numbers=[OTHER])
    await desk.create_outbound("c", numbers=[NUMBER], address=HOST)
    await desk.list_inbound(trunks=["a"])
    await desk.list_inbound(trunks=["a", "b", "ST_none", "c"])
    await desk.list_inbound(trunks=["a"], numbers=[OTHER])
    await desk.list_outbound(trunks=["a", "c"])
    await desk.list_outbound(trunks=["ST_none"])


async def a_list_by_page(desk: TrunkDesk) -> None:
    names = ["a", "b", "c"]
    for name, number in zip(names, [NUMBER, OTHER, THIRD], strict=True):
        await desk.create_inbound(name, numbers=[number])
    await desk.list_inbound(limit=1)
    await desk.list_inbound(limit=2)
    first = desk.first_of(*names)
    await desk.count_inbound(after=first)
    await desk.count_inbound(after=first, limit=1)
    await desk.count_inbound(after=desk.last_of(*names))
    await desk.count_inbound(after="ST_")
    await desk.count_inbound(after="ST_~")


SCENARIOS: dict[str, Callable[[TrunkDesk], Awaitable[None]]] = {
    scenario.__name__: scenario
    for scenario in [
        one_number_twice,
        one_number_in_other_forms,
        letters_are_no_number,
        one_number_for_other_callers,
        two_without_numbers,
        many_at_once,
        an_update_takes_a_number,
        an_update_by_fields_takes_a_number,
        an_update_of_one_that_conflicts,
        security_of_an_inbound_trunk,
        allowed_addresses_as_they_are,
        an_outbound_trunk,
        odd_outbound_trunks,
        headers_of_a_trunk,
        media_of_a_trunk,
        a_replace_empties,
        a_change_of_fields,
        a_list_that_is_emptied_by_fields,
        a_change_of_media,
        an_update_of_what_is_not_there,
        a_deletion_twice,
        a_list_by_number,
        a_list_by_id,
        a_list_by_page,
    ]
}
