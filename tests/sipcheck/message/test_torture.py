"""Hard messages: which are read and as what, which are refused, and that nothing else is ever raised."""

import pytest

from sipcheck.auth.challenge import choose
from sipcheck.errors import MalformedMessage, NotSip, ParseError
from sipcheck.message.framing import StreamFramer
from sipcheck.message.message import Request, Response
from sipcheck.message.parser import parse, top_branch
from sipcheck.message.uri import SipUri
from tests.torture import FILES, MESSAGES, READ, REFUSED, HardMessage

# Every section of RFC 4475 and RFC 5118 that has a message.
RFC_4475 = {
    *(f"3.1.1.{number}" for number in range(1, 14)),
    *(f"3.1.2.{number}" for number in range(1, 20)),
    "3.2.1",
    *(f"3.3.{number}" for number in range(1, 16)),
    "3.4.1",
}
RFC_5118 = {f"4.{number}" for number in range(1, 11)}


def by_name(name: str) -> HardMessage:
    return next(message for message in MESSAGES if message.name == name)


def with_key(key: str) -> list[HardMessage]:
    return [message for message in MESSAGES if getattr(message, key) is not None]


def test_every_message_has_an_entry_and_every_entry_its_message() -> None:
    assert {message.name for message in MESSAGES} == FILES


def test_no_idea_of_the_two_rfcs_is_missing() -> None:
    after = {message.after for message in MESSAGES}
    assert {f"RFC 4475 §{section}" for section in RFC_4475} <= after
    assert {f"RFC 5118 §{section}" for section in RFC_5118} <= after


@pytest.mark.parametrize("message", READ, ids=str)
def test_read(message: HardMessage) -> None:
    parsed = parse(message.data)
    assert (parsed.method if isinstance(parsed, Request) else parsed.status) == message.start
    assert len(parsed.vias) == message.vias
    assert sorted(parsed.defects) == sorted(message.defects)
    assert parsed.vias[0].branch == top_branch(message.data)


@pytest.mark.parametrize("message", REFUSED, ids=str)
def test_refused(message: HardMessage) -> None:
    with pytest.raises(ParseError, match=message.refused) as refusal:
        parse(message.data)
    assert type(refusal.value) in (MalformedMessage, NotSip)
    top_branch(message.data)


@pytest.mark.parametrize("message", [each for each in READ if isinstance(each.start, str)], ids=str)
def test_request_uris(message: HardMessage) -> None:
    parsed = parse(message.data)
    assert isinstance(parsed, Request)
    if message.uri == "refused":
        with pytest.raises(ValueError, match=r".+"):
            SipUri.parse(parsed.uri)
    else:
        assert SipUri.parse(parsed.uri).host == (message.host or SipUri.parse(parsed.uri).host)


@pytest.mark.parametrize("message", with_key("received"), ids=str)
def test_received(message: HardMessage) -> None:
    assert parse(message.data).vias[0].received == message.received


@pytest.mark.parametrize("message", with_key("realm"), ids=str)
def test_realms_are_the_octets_that_came(message: HardMessage) -> None:
    headers = parse(message.data).headers
    choice = choose(headers.get_all("WWW-Authenticate"), headers.get_all("Proxy-Authenticate"))
    assert isinstance(choice, tuple)
    assert message.realm is not None
    realm = choice[0].realm
    assert realm.encode("utf-8", "surrogateescape") == message.realm.encode(message.encoding)


@pytest.mark.parametrize("message", with_key("retry_after"), ids=str)
def test_retry_after(message: HardMessage) -> None:
    parsed = parse(message.data)
    assert isinstance(parsed, Response)
    assert parsed.retry_after_seconds == message.retry_after


@pytest.mark.parametrize("message", [each for each in READ if each.stream], ids=str)
def test_framed_from_a_stream_each_is_read_the_same(message: HardMessage) -> None:
    """RFC 3261 §18.3."""
    parsed = parse(message.data)
    framed = parse(StreamFramer().feed(message.data)[0])
    assert (framed.headers, framed.body) == (parsed.headers, parsed.body)


@pytest.mark.parametrize(
    "message", [each for each in READ if "bare-lf" not in each.defects and each.stream], ids=str
)
def test_the_line_ends_are_those_that_were_written(message: HardMessage) -> None:
    """Whoever converted them when they were checked out would test something else."""
    header = message.data.lstrip(b"\r\n").partition(b"\r\n\r\n")[0]
    assert header.count(b"\n") == header.count(b"\r\n") > 0


def test_folds_and_spaces_are_read_through() -> None:
    parsed = parse(by_name("folds-and-spaces").data)
    assert (parsed.cseq.number, parsed.cseq.method) == (42, "INVITE")
    assert (parsed.from_tag, parsed.to_tag) == ("a1", "b-77")
    assert [via.host for via in parsed.vias] == ["192.0.2.31", "edge.north.example", "192.0.2.30"]


def test_a_body_comes_through_whatever_is_in_it() -> None:
    data = by_name("binary-body").data
    assert parse(data).body == data.partition(b"\r\n\r\n")[2]
    assert bytes(range(256)) in parse(data).body


def test_a_phrase_is_read_as_utf_8() -> None:
    parsed = parse(by_name("phrase-in-utf-8").data)
    assert isinstance(parsed, Response)
    assert parsed.phrase == "1+1=2; Ναί — はい (✓)"


def test_a_parameter_belongs_to_what_its_brackets_say() -> None:
    outside = parse(by_name("bare-contact-parameter").data).headers.get("Contact")
    inside = parse(by_name("bracketed-contact-parameter").data).headers.get("Contact")
    assert (outside, inside) == (
        "sip:+12025550123@gw.north.example;newthing",
        "<sip:+12025550123@gw.north.example;newthing>",
    )
