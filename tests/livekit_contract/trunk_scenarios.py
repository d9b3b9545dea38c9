"""What is asked of the trunk API; what a real LiveKit answered stands in recorded/trunks.json."""

from collections.abc import Awaitable, Callable

from livekit.protocol.models import ListUpdate

from tests.livekit_contract import outbound_trunk_scenarios
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


SCENARIOS: dict[str, Callable[[TrunkDesk], Awaitable[None]]] = outbound_trunk_scenarios.SCENARIOS | {
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
        a_replace_empties,
        a_change_of_fields,
        a_list_that_is_emptied_by_fields,
        an_update_of_what_is_not_there,
        a_deletion_twice,
        a_list_by_number,
        a_list_by_id,
        a_list_by_page,
    ]
}
