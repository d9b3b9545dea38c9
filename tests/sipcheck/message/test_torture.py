"""The 49 messages of RFC 4475: which are read, which are refused, and that nothing else is ever raised."""

import os
from pathlib import Path

import pytest

from sipcheck.errors import MalformedMessage
from sipcheck.message.framing import StreamFramer
from sipcheck.message.message import Request
from sipcheck.message.parser import parse, top_branch

FOLDER = Path(os.environ.get("SIP_TORTURE_DIR", Path(__file__).parents[4] / "shared" / "torture"))
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no RFC 4475 messages in {FOLDER}")

# file, section, request method or response status
READ = [
    ("wsinv", "3.1.1.1", "INVITE"),
    ("intmeth", "3.1.1.2", "!interesting-Method0123456789_*+`.%indeed'~"),
    ("esc01", "3.1.1.3", "INVITE"),
    ("escnull", "3.1.1.4", "REGISTER"),
    ("esc02", "3.1.1.5", "RE%47IST%45R"),
    ("lwsdisp", "3.1.1.6", "OPTIONS"),
    ("longreq", "3.1.1.7", "INVITE"),
    ("dblreq", "3.1.1.8", "REGISTER"),
    ("semiuri", "3.1.1.9", "OPTIONS"),
    ("transports", "3.1.1.10", "OPTIONS"),
    ("mpart01", "3.1.1.11", "MESSAGE"),
    ("unreason", "3.1.1.12", 200),
    ("noreason", "3.1.1.13", 100),
    ("lwsstart", "3.1.2.9", "INVITE"),
    ("trws", "3.1.2.10", "OPTIONS"),
    ("escruri", "3.1.2.11", "INVITE"),
    ("baddate", "3.1.2.12", "INVITE"),
    ("regbadct", "3.1.2.13", "REGISTER"),
    ("badaspec", "3.1.2.14", "OPTIONS"),
    ("baddn", "3.1.2.15", "OPTIONS"),
    ("badbranch", "3.2.1", "OPTIONS"),
    ("unkscm", "3.3.2", "OPTIONS"),
    ("novelsc", "3.3.3", "OPTIONS"),
    ("unksm2", "3.3.4", "REGISTER"),
    ("bext01", "3.3.5", "OPTIONS"),
    ("invut", "3.3.6", "INVITE"),
    ("regaut01", "3.3.7", "REGISTER"),
    ("bcast", "3.3.10", 200),
    ("zeromf", "3.3.11", "OPTIONS"),
    ("cparam01", "3.3.12", "REGISTER"),
    ("cparam02", "3.3.13", "REGISTER"),
    ("regescrt", "3.3.14", "REGISTER"),
    ("sdp01", "3.3.15", "INVITE"),
    ("inv2543", "3.4.1", "INVITE"),
]

# file, section, what the refusal names
REFUSED = [
    ("badinv01", "3.1.2.1", "Via"),
    ("clerr", "3.1.2.2", "Content-Length"),
    ("ncl", "3.1.2.3", "Content-Length"),
    ("scalar02", "3.1.2.4", "CSeq"),
    ("scalarlg", "3.1.2.5", "CSeq"),
    ("quotbal", "3.1.2.6", "To"),
    ("ltgtruri", "3.1.2.7", "Request-URI"),
    ("lwsruri", "3.1.2.8", "Request-URI"),
    ("badvers", "3.1.2.16", "version"),
    ("mismatch01", "3.1.2.17", "method"),
    ("mismatch02", "3.1.2.18", "method"),
    ("bigcode", "3.1.2.19", "status"),
    ("insuf", "3.3.1", "missing"),
    ("multi01", "3.3.8", "more than once"),
    ("mcl01", "3.3.9", "Content-Length"),
]


def message(name: str) -> bytes:
    return (FOLDER / f"{name}.dat").read_bytes()


def test_every_message_has_its_place_in_the_tables() -> None:
    assert {path.stem for path in FOLDER.glob("*.dat")} == {row[0] for row in (*READ, *REFUSED)}


@pytest.mark.parametrize(("name", "section", "said"), READ)
def test_read(name: str, section: str, said: str | int) -> None:
    data = message(name)
    parsed = parse(data)
    assert (parsed.method if isinstance(parsed, Request) else parsed.status) == said, section
    assert parsed.vias[0].branch == top_branch(data)


@pytest.mark.parametrize(("name", "section", "named"), REFUSED)
def test_refused(name: str, section: str, named: str) -> None:
    with pytest.raises(MalformedMessage, match=named):
        parse(message(name))
    top_branch(message(name))


def test_short_but_tortuous() -> None:
    """§3.1.1.1: everything that may be folded and spaced out is."""
    parsed = parse(message("wsinv"))
    assert (parsed.cseq.number, parsed.cseq.method) == (9, "INVITE")
    assert (parsed.from_tag, parsed.to_tag) == ("98asjd8", "1918181833n")
    assert [via.host for via in parsed.vias] == ["192.0.2.2", "spindle.example.com", "192.168.255.111"]
    assert set(parsed.defects) == {"folded-header", "space-before-colon", "compact-name"}


def test_long_values() -> None:
    """§3.1.1.7."""
    parsed = parse(message("longreq"))
    assert len(parsed.vias) == 34
    assert parsed.call_id.endswith("longcallid")


def test_a_second_request_in_the_datagram_is_surplus() -> None:
    """§3.1.1.8."""
    assert "surplus-bytes" in parse(message("dblreq")).defects


def test_a_binary_body_comes_through() -> None:
    """§3.1.1.11."""
    data = message("mpart01")
    assert parse(data).body == data.partition(b"\r\n\r\n")[2]


def test_a_phrase_in_utf_8() -> None:
    """§3.1.1.12."""
    assert "unreason" in parse(message("unreason")).call_id
    assert parse(message("unreason")).defects == ()


def test_an_empty_phrase() -> None:
    """§3.1.1.13."""
    assert parse(message("noreason")).defects == ("missing-reason-phrase",)


ENDED_BY_THE_DATAGRAM = {"baddn", "inv2543"}  # no empty line; no Content-Length


@pytest.mark.parametrize("name", sorted({row[0] for row in READ} - ENDED_BY_THE_DATAGRAM))
def test_framed_from_a_stream_each_is_read_the_same(name: str) -> None:
    """RFC 3261 §18.3."""
    parsed = parse(message(name))
    framed = parse(StreamFramer().feed(message(name))[0])
    assert (framed.headers, framed.body) == (parsed.headers, parsed.body)
