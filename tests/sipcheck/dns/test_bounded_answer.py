"""A message cut to what is used says what the whole one says, and costs the same however large that is."""

import struct
import time

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from sipcheck.dns.bounded_answer import MAX_LABELS, MAX_RECORDS, MessageUnreadable, bound_message
from tests.machine import slowness

NAME = "carrier.example."
ALIASES = dns.rrset.from_text(NAME, 60, "IN", "CNAME", "www.example.")
RECORDS = {
    "A": ["192.0.2.1", "192.0.2.2"],
    "AAAA": ["2001:db8::1"],
    "SRV": ["10 20 5060 sip.carrier.example.", "10 0 5061 .", "1 1 5060 other.test."],
    "NAPTR": [
        '50 50 "s" "SIP+D2U" "" _sip._udp.carrier.example.',
        '60 50 "u" "E2U+sip" "!^.*$!sip:a@b!" .',
    ],
}


def response(record_type: str, name: str = NAME) -> dns.message.Message:
    return dns.message.make_response(dns.message.make_query(name, record_type))


def read(wire: bytes) -> dns.message.Message:
    return dns.message.from_wire(bound_message(wire).wire)


@pytest.mark.parametrize("record_type", RECORDS)
@pytest.mark.parametrize("alias", [False, True], ids=["plain", "cname"])
def test_what_was_asked_for_is_kept_as_it_is(record_type: str, alias: bool) -> None:
    message = response(record_type)
    owner = "www.example." if alias else NAME
    wanted = [dns.rrset.from_text(owner, 60, "IN", record_type, *RECORDS[record_type])]
    wanted = [ALIASES, *wanted] if alias else wanted
    message.answer += wanted
    message.answer.append(dns.rrset.from_text(owner, 60, "IN", "TXT", "not asked for"))
    message.authority.append(dns.rrset.from_text("example.", 60, "IN", "NS", "ns.example."))
    seen = read(message.to_wire())
    assert seen.answer == wanted
    assert message.question == seen.question
    assert (seen.id, seen.flags) == (message.id, message.flags)
    assert (seen.authority, seen.additional) == ([], [])


@pytest.mark.parametrize("code", [dns.rcode.NXDOMAIN, dns.rcode.REFUSED, dns.rcode.BADVERS])
def test_the_response_code_is_kept(code: dns.rcode.Rcode) -> None:
    """The upper bits of the last stand in OPT (RFC 6891 §6.1.3)."""
    message = response("A")
    message.use_edns(0, payload=1232, options=[dns.edns.GenericOption("PADDING", b"x" * 100)])
    message.set_rcode(code)
    assert read(message.to_wire()).rcode() == code


def test_truncation_is_kept_and_a_refusal_without_its_question() -> None:
    message = response("A")
    message.flags |= dns.flags.TC
    assert read(message.to_wire()).flags & dns.flags.TC
    bare = struct.pack("!HHHHHH", 7, 0x8185, 0, 0, 0, 0)
    assert read(bare).rcode() == dns.rcode.REFUSED


def test_the_surplus_is_counted_and_never_read() -> None:
    message = response("A")
    addresses = [f"192.0.{number >> 8}.{number & 255}" for number in range(4000)]
    message.answer.append(dns.rrset.from_text(NAME, 60, "IN", "A", *addresses))
    bounded = bound_message(message.to_wire(max_size=65535))
    assert bounded.left_aside == 4000 - MAX_RECORDS
    assert len(dns.message.from_wire(bounded.wire).answer[0]) == MAX_RECORDS


QUESTION = b"\1a\0" + struct.pack("!HH", 1, 1)
HEADER = struct.pack("!HHHHHH", 1, 0x8180, 1, 1, 0, 0)
LONG_LABELS = b"".join(bytes([63]) + b"x" * 63 for _ in range(4))
BROKEN = {
    "nothing": b"",
    "half-a-header": HEADER[:7],
    "no-question": HEADER,
    "no-record": HEADER + QUESTION,
    "two-questions": struct.pack("!HHHHHH", 1, 0x8180, 2, 0, 0, 0) + QUESTION * 2,
    "a-record-cut-short": HEADER + QUESTION + b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + b"\x7f",
    "a-pointer-to-itself": HEADER + b"\xc0\x0c" + struct.pack("!HH", 1, 1),
    "a-pointer-past-the-end": HEADER + b"\xff\xff" + struct.pack("!HH", 1, 1),
    "a-name-that-is-too-long": HEADER + LONG_LABELS + b"\0" + struct.pack("!HH", 1, 1),
    "a-label-of-an-unknown-kind": HEADER + b"\x80\0" + struct.pack("!HH", 1, 1),
    "a-naptr-whose-text-is-too-long": struct.pack("!HHHHHH", 1, 0x8180, 1, 1, 0, 0)
    + b"\1a\0"
    + struct.pack("!HH", 35, 1)
    + b"\xc0\x0c"
    + struct.pack("!HHIH", 35, 1, 60, 8)
    + b"\0\1\0\1\xff\xff\xff\xff"
    + b"\xff" * 300,
}


@pytest.mark.parametrize("wire", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_said(wire: bytes) -> None:
    with pytest.raises(MessageUnreadable):
        bound_message(wire)


def test_a_chain_of_pointers_costs_no_more_than_a_name() -> None:
    """64 KB of pointers, each to the one before it: dnspython would follow eight thousand for each record."""
    start = 12 + len(QUESTION)
    chain = b"".join(struct.pack("!H", 0xC000 | (start + 2 * n - 2 if n else 12)) for n in range(8000))
    record = chain + struct.pack("!HHIH", 1, 1, 60, 4) + b"\x7f\0\0\1"
    with pytest.raises(MessageUnreadable):
        bound_message(HEADER + QUESTION + chain[-2:] + record)


def many_labels(count: int) -> bytes:
    return b"\1x" * count + b"\0"


@pytest.mark.parametrize(
    ("labels", "left_aside"), [(MAX_LABELS, 0), (MAX_LABELS + 1, 63)], ids=["just-short", "long"]
)
def test_the_worst_message_takes_no_longer_than_a_step_may(labels: int, left_aside: int) -> None:
    """What dnspython does for a name grows with the square of its labels."""
    question = b"\1a" + many_labels(labels) + struct.pack("!HH", 33, 1)
    target = struct.pack("!H", 0xC000 | 14)  # behind the question's first label
    record = b"\xc0\x0c" + struct.pack("!HHIH", 33, 1, 60, 6 + len(target))
    records = [record + struct.pack("!HHH", number, 1, 5060) + target for number in range(63)]
    wire = struct.pack("!HHHHHH", 1, 0x8180, 1, 63, 0, 0) + question + b"".join(records)
    started = time.thread_time()
    bounded = bound_message(wire)
    message = dns.message.from_wire(bounded.wire)
    assert time.thread_time() - started < 0.05 * slowness()
    assert bounded.left_aside == left_aside
    assert sum(map(len, message.answer)) == 63 - left_aside
