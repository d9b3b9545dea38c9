"""The official client against the official messages: what is written and read back, and how faults are told."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from livekit.protocol.sip import SIPCodec, SIPMediaConfig, SIPTransport

from sipcheck.target import TransportName
from tests.peers.livekit.faults import Fault
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.peers.livekit.trunks import Pages
from trunks.ids import new_id
from trunks.rules.media import Encryption, Media
from trunks.voice.livekit import LiveKit
from trunks.voice.provisioner import FailureCause, ProvisioningFailed
from trunks.voice.sides import InboundSide, OutboundSide, SideContent, SideOwner, differing

TRUNK_ID = new_id()
OWNER = SideOwner(TRUNK_ID, new_id(), 7)
PASSWORD = "correct horse battery"
NUMBER = "+14155551234"
INBOUND = InboundSide(numbers=(NUMBER,), auth_username="alice", auth_password=PASSWORD)
BY_ADDRESS = InboundSide(numbers=(NUMBER,), allowed_addresses=("198.51.100.0/24", "203.0.113.10"))
OUTBOUND = OutboundSide(
    numbers=(NUMBER,),
    address="sip.carrier.example:5061",
    transport=TransportName.TLS,
    auth_username="alice",
    auth_password=PASSWORD,
)
THROUGH_EGRESS = OutboundSide(
    numbers=(NUMBER,),
    address="egress.example:5070",
    auth_username="alice",
    auth_password=PASSWORD,
    from_host="sip.carrier.example",
    destination="sip.carrier.example:5080",
)
SECRET_CALLS = Media(encryption=Encryption.REQUIRE, codecs=("G722/8000", "PCMA/8000"), only_listed=True)


def make_livekit(server: LiveKitServer, *, secret: str = API_SECRET, timeout_seconds: float = 4.0) -> LiveKit:
    return LiveKit(server.url, API_KEY, secret, mark="here", call_timeout_seconds=timeout_seconds)


@pytest.fixture
async def livekit(livekit_server: LiveKitServer) -> AsyncIterator[LiveKit]:
    livekit = make_livekit(livekit_server)
    yield livekit
    await livekit.close()


@pytest.mark.parametrize("content", [INBOUND, BY_ADDRESS, OUTBOUND, THROUGH_EGRESS])
@pytest.mark.parametrize("media", [Media(), SECRET_CALLS])
async def test_what_is_created_is_read_back(livekit: LiveKit, content: SideContent, media: Media) -> None:
    content = replace(content, media=media)
    side_id = await livekit.create(OWNER, content)
    assert livekit.keeps_media is True
    (by_id,) = await livekit.find(ids=[side_id], numbers=())
    assert (by_id.id, by_id.owner, by_id.content) == (side_id, OWNER, content)
    assert list(await livekit.find(ids=(), numbers=["14155551234"])) == [by_id]
    assert list(await livekit.read_all()) == [by_id]


@pytest.mark.parametrize(
    ("old", "new"),
    [(INBOUND, BY_ADDRESS), (BY_ADDRESS, INBOUND), (OUTBOUND, THROUGH_EGRESS), (THROUGH_EGRESS, OUTBOUND)],
)
async def test_an_update_is_in_place_and_empties_what_is_no_more(
    livekit: LiveKit, old: SideContent, new: SideContent
) -> None:
    side_id = await livekit.create(OWNER, replace(old, media=SECRET_CALLS))
    await livekit.update(side_id, OWNER, replace(new, media=Media(codecs=("PCMU/8000",))))
    (found,) = await livekit.read_all()
    assert (found.id, found.content) == (side_id, replace(new, media=Media(codecs=("PCMU/8000",))))
    # What is not ours to say stays.
    await livekit.update(side_id, OWNER, replace(new, left=frozenset({"media"})))
    assert list(await livekit.read_all()) == [found]


async def test_the_messages_say_what_livekit_understands(
    livekit: LiveKit, livekit_server: LiveKitServer
) -> None:
    info = livekit_server.outbound[await livekit.create(OWNER, THROUGH_EGRESS)]
    assert (info.address, info.transport) == ("egress.example:5070", SIPTransport.SIP_TRANSPORT_AUTO)
    assert info.from_host == "sip.carrier.example"
    assert dict(info.headers) == {"X-Trunk-Destination": "sip.carrier.example:5080"}
    assert str(TRUNK_ID) in info.name


@pytest.mark.parametrize("by_hand", [{"route": "<sip:a;lr>"}, {"Route": "<sip:a;lr>", "ROUTE": "<sip:b;lr>"}])
@pytest.mark.parametrize("ours", [None, "<sip:198.51.100.1:5060;lr;transport=udp>"])
async def test_a_route_is_ours_however_it_is_spelled(
    livekit: LiveKit, livekit_server: LiveKitServer, by_hand: dict[str, str], ours: str | None
) -> None:
    wanted = replace(OUTBOUND, route=ours)
    side_id = await livekit.create(OWNER, wanted)
    headers = livekit_server.outbound[side_id].headers
    assert dict(headers) == ({} if ours is None else {"Route": ours})
    headers.clear()
    headers.update(by_hand)
    (found,) = await livekit.read_all()
    assert differing(wanted, found.content) == ("route",)
    # A former version's side keeps what stands there.
    await livekit.update(side_id, OWNER, replace(wanted, left=frozenset({"media", "route"})))
    assert dict(livekit_server.outbound[side_id].headers) == by_hand
    await livekit.update(side_id, OWNER, wanted)
    assert dict(livekit_server.outbound[side_id].headers) == ({} if ours is None else {"Route": ours})


async def test_what_an_operator_added_stays(livekit: LiveKit, livekit_server: LiveKitServer) -> None:
    side_id = await livekit.create(OWNER, THROUGH_EGRESS)
    livekit_server.outbound[side_id].headers["X-Operator"] = "kept"
    await livekit.update(side_id, OWNER, OUTBOUND)
    assert dict(livekit_server.outbound[side_id].headers) == {"X-Operator": "kept"}


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "words",
        "[]",
        "null",
        '{"trunkd_installation": "elsewhere", "trunkd_trunk": "01890000-0000-7000-8000-000000000000"}',
        '{"trunkd_installation": "here", "trunkd_trunk": 7}',
        '{"trunkd_installation": "here"}',
    ],
)
async def test_what_others_made_is_known_as_theirs(
    livekit: LiveKit, livekit_server: LiveKitServer, metadata: str
) -> None:
    livekit_server.add_inbound(numbers=[NUMBER], metadata=metadata)
    (found,) = await livekit.read_all()
    assert found.trunk_id is None


@pytest.mark.parametrize("revision", ["", ', "trunkd_revision": "7"', ', "trunkd_revision": null'])
async def test_a_side_of_an_earlier_version_is_ours_too(
    livekit: LiveKit, livekit_server: LiveKitServer, revision: str
) -> None:
    mark = f'{{"trunkd_installation": "here", "trunkd_trunk": "{TRUNK_ID}"{revision}}}'
    livekit_server.add_inbound(numbers=[NUMBER], metadata=mark)
    (found,) = await livekit.read_all()
    assert (found.owner, found.revision) == (SideOwner(TRUNK_ID), 0)


async def test_a_trunk_without_numbers_is_no_match_for_ours(
    livekit: LiveKit, livekit_server: LiveKitServer
) -> None:
    livekit_server.add_inbound(auth_username="any", auth_password="any")
    (found,) = await livekit.find(ids=(), numbers=[NUMBER])
    assert found.content.numbers == ()


@pytest.mark.parametrize("pages", Pages)
async def test_all_pages_are_read(pages: Pages) -> None:
    with LiveKitServer(pages=pages) as server:
        ids = {server.add_inbound(numbers=[f"+1415555{number:04}"]) for number in range(1203)}
        livekit = make_livekit(server)
        assert {side.id for side in await livekit.read_all()} == ids
        await livekit.close()


async def test_a_side_that_is_gone_can_be_deleted_again(
    livekit: LiveKit, livekit_server: LiveKitServer
) -> None:
    side_id = await livekit.create(OWNER, INBOUND)
    await livekit.delete(side_id)
    await livekit.delete(side_id)
    assert livekit_server.inbound == {}


async def test_a_side_that_is_gone_cannot_be_updated(livekit: LiveKit) -> None:
    with pytest.raises(ProvisioningFailed, match="has no trunk ST_gone any more"):
        await livekit.update("ST_gone", OWNER, INBOUND)


@pytest.mark.parametrize(
    ("content", "unknown"), [(BY_ADDRESS, "allowed_addresses"), (THROUGH_EGRESS, "from_host")]
)
async def test_what_livekit_does_not_keep_is_told(content: SideContent, unknown: str) -> None:
    # A version from before a field loses what comes in it, and a list of addresses that is lost admits everyone.
    with LiveKitServer(unknown_fields=[unknown]) as server:
        livekit = make_livekit(server)
        with pytest.raises(ProvisioningFailed, match=f"did not keep what it was told: {unknown}") as failed:
            await livekit.create(OWNER, content)
        await livekit.close()
    assert failed.value.cause is FailureCause.REFUSED


@pytest.mark.parametrize("side", [INBOUND, OUTBOUND])
@pytest.mark.parametrize(
    ("unknown", "media", "is_done"),
    [
        (["media"], Media(codecs=("PCMA/8000",)), True),
        (["media"], replace(SECRET_CALLS, encryption=Encryption.ALLOW), True),
        # The older field says it too.
        (["media"], SECRET_CALLS, True),
        (["media", "media_encryption"], replace(SECRET_CALLS, encryption=Encryption.ALLOW), True),
        (["media", "media_encryption"], SECRET_CALLS, False),
    ],
)
async def test_a_livekit_that_loses_media_is_known_and_never_sends_in_the_clear_what_is_secret(
    side: SideContent, unknown: list[str], media: Media, is_done: bool
) -> None:
    with LiveKitServer(unknown_fields=unknown) as server:
        livekit = make_livekit(server)
        if is_done:
            await livekit.create(OWNER, replace(side, media=media))
        else:
            with pytest.raises(ProvisioningFailed, match="would go unencrypted") as failed:
                await livekit.create(OWNER, replace(side, media=media))
            assert failed.value.cause is FailureCause.NO_WAY
        assert livekit.keeps_media is False
        await livekit.close()


async def test_media_that_somebody_wrote_otherwise_is_read_for_what_it_is(
    livekit: LiveKit, livekit_server: LiveKitServer
) -> None:
    equal = SIPMediaConfig(codecs=[SIPCodec(name="pcmu"), SIPCodec(name="G722", rate=8000)])
    other = SIPMediaConfig(codecs=[SIPCodec(name="G722", rate=16000)], encryption=9)  # type: ignore[arg-type]
    livekit_server.add_inbound(numbers=["+1"], media=equal)
    livekit_server.add_inbound(numbers=["+2"], media=other)
    found = {side.content.numbers: side.content.media for side in await livekit.read_all()}
    assert found == {
        ("+1",): Media(codecs=("PCMU/8000", "G722/8000")),
        ("+2",): Media(encryption=None, codecs=("G722/16000",)),
    }


@pytest.mark.parametrize(
    ("fault", "cause", "told"),
    [
        (Fault.HUNG_UP, FailureCause.DOWN, "cannot be reached"),
        (Fault.UNAVAILABLE, FailureCause.DOWN, "503 unavailable no SIP service"),
        (Fault.INTERNAL, FailureCause.DOWN, "500 internal the store is broken"),
        (Fault.KEY_REFUSED, FailureCause.KEY_REFUSED, "Check LIVEKIT_API_KEY and LIVEKIT_API_SECRET"),
        (Fault.FORBIDDEN, FailureCause.KEY_REFUSED, "403 permission_denied"),
        (Fault.WEB_PAGE, FailureCause.NONSENSE, "no message of LiveKit's"),
        (Fault.EMPTY, FailureCause.NONSENSE, "gave no id"),
        (Fault.GARBAGE, FailureCause.NONSENSE, "no message of LiveKit's"),
        (Fault.NO_SUCH_PAGE, FailureCause.NONSENSE, "it answered 404"),
    ],
)
async def test_a_fault_is_told_for_what_it_is(
    livekit: LiveKit, livekit_server: LiveKitServer, fault: Fault, cause: FailureCause, told: str
) -> None:
    livekit_server.fail(fault)
    with pytest.raises(ProvisioningFailed) as failed:
        await livekit.create(OWNER, INBOUND)
    assert failed.value.cause is cause
    assert told in str(failed.value)
    assert PASSWORD not in str(failed.value)
    assert API_SECRET not in str(failed.value)


async def test_a_livekit_that_is_down_is_told(livekit: LiveKit, livekit_server: LiveKitServer) -> None:
    livekit_server.stop()
    with pytest.raises(ProvisioningFailed, match="cannot be reached") as failed:
        await livekit.read_all()
    assert failed.value.cause is FailureCause.DOWN


async def test_a_slow_livekit_is_not_waited_for(livekit_server: LiveKitServer) -> None:
    livekit = make_livekit(livekit_server, timeout_seconds=0.2)
    livekit_server.fail(Fault.HELD)
    with pytest.raises(ProvisioningFailed, match=r"did not answer within 0\.2 s") as failed:
        await livekit.read_all()
    assert failed.value.cause is FailureCause.SLOW
    await livekit.close()


async def test_a_wrong_secret_is_refused(livekit_server: LiveKitServer) -> None:
    livekit = make_livekit(livekit_server, secret="another secret of more than 32 characters")
    with pytest.raises(ProvisioningFailed, match="refuses the key") as failed:
        await livekit.create(OWNER, INBOUND)
    assert failed.value.cause is FailureCause.KEY_REFUSED
    assert livekit_server.calls == []
    await livekit.close()


async def test_a_conflict_that_livekit_finds_is_one(livekit: LiveKit, livekit_server: LiveKitServer) -> None:
    livekit_server.add_inbound(numbers=[NUMBER])
    with pytest.raises(ProvisioningFailed, match=r"found a conflict: .*\+14155551234") as failed:
        await livekit.create(OWNER, INBOUND)
    assert failed.value.cause is FailureCause.CONFLICT


async def test_what_livekit_refuses_is_told_in_its_words(livekit: LiveKit) -> None:
    with pytest.raises(ProvisioningFailed, match="no trunk numbers specified") as failed:
        await livekit.create(OWNER, OutboundSide(numbers=(), address="carrier.example"))
    assert failed.value.cause is FailureCause.REFUSED


async def test_a_creation_is_sent_once(livekit: LiveKit, livekit_server: LiveKitServer) -> None:
    livekit_server.fail(Fault.DONE_AND_HUNG_UP)
    with pytest.raises(ProvisioningFailed):
        await livekit.create(OWNER, INBOUND)
    assert livekit_server.changes() == ["CreateSIPInboundTrunk"]
