"""What reads bytes of strangers, each as one function of bytes: nothing leaves it but the parse error, which is caught.

Hypothesis calls them in every run, atheris in `make test-long` (docs/design/sip.md, requirement 25). This file imports
nothing of the tests, so that atheris can load it by its path.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

import dns.exception
import dns.message
import dns.rdatatype
import dns.rrset

from sipcheck.auth.authorization import authorization, read_authorization
from sipcheck.auth.challenge import choose
from sipcheck.dns.bounded_answer import MAX_RECORDS, MessageUnreadable, bound_message
from sipcheck.dns.query import _read_address, _read_naptr, _read_srv
from sipcheck.errors import ParseError
from sipcheck.failure import Failure
from sipcheck.media.answer import MediaMisfit, agree
from sipcheck.media.codec import DEFAULT_CODECS
from sipcheck.media.reception import Reception
from sipcheck.media.rtcp import parse_rtcp
from sipcheck.media.rtp import parse_rtp
from sipcheck.message.framing import StreamFramer
from sipcheck.message.message import Response
from sipcheck.message.parser import parse, top_branch
from sipcheck.phrases.words import phrase
from sipcheck.report.printable import printable
from sipcheck.transport.certificate import CertificateUnreadable, read_certificate
from sipcheck.transport.certificate_names import match_name, mismatch

Target = Callable[[bytes], None]

_DOMAINS = ("carrier.test", "192.0.2.1", "2001:db8::1")
_CHUNK_BYTES = 7


def parser(data: bytes) -> None:
    """Read a datagram; every property that the engine asks of a response answers."""
    branch = top_branch(data)
    try:
        message = parse(data)
    except ParseError:
        return
    assert message.vias[0].branch == branch
    assert (message.vias[0].received, message.vias[0].rport) is not None
    if isinstance(message, Response):
        assert 100 <= message.status < 700
        assert message.retry_after_seconds is None or message.retry_after_seconds >= 0
        choose(message.headers.get_all("WWW-Authenticate"), message.headers.get_all("Proxy-Authenticate"))


def challenge(data: bytes) -> None:
    """Choose a challenge or refuse; what is chosen makes a header of one line that is read back as it was meant."""
    values = data.decode("utf-8", "surrogateescape").split("\n")
    choice = choose(values, ())
    if isinstance(choice, Failure):
        assert choice.detail
        return
    chosen = choice[0]
    assert chosen.realm_name is not None
    _, value = authorization(
        chosen, username="alice", password="p", method="REGISTER", uri="sip:carrier.test", cnonce="0a4f113b"
    )
    assert "\r" not in value
    assert "\n" not in value
    read = read_authorization(value)
    assert (read["realm"], read["nonce"]) == (chosen.realm, chosen.nonce)


def framing(data: bytes) -> None:
    """Cut a stream into messages, alike however it arrives (RFC 3261 §18.3)."""
    pieces = [data[start : start + _CHUNK_BYTES] for start in range(0, len(data), _CHUNK_BYTES)]
    assert _cut_up([data]) == _cut_up(pieces)


def sdp(data: bytes) -> None:
    """Read a session; what is agreed on can be sent to, and what does not fit is said."""
    found = agree(data, local_address="192.0.2.1", codecs=DEFAULT_CODECS)
    if isinstance(found, MediaMisfit):
        assert phrase(found.sentence)
        return
    assert found.remote.port
    assert found.codec in DEFAULT_CODECS


def media_packets(data: bytes) -> None:
    """Read a datagram as RTP and as RTCP, and count it."""
    packet = parse_rtp(data)
    if packet is not None:
        assert packet.payload in data
        reception = Reception()
        reception.take(packet, 0.0)
        assert len(reception.reports()) == 1
    report = parse_rtcp(data)
    assert report is None or len(report.reports) * 24 <= len(data)


def _cut_up(chunks: list[bytes]) -> tuple[list[bytes], type[ParseError] | None]:
    framer, messages = StreamFramer(), []
    for chunk in (*chunks, b""):  # the fault behind whole messages is told at the next call
        try:
            messages += framer.feed(chunk)
        except ParseError as error:
            return messages, type(error)
    return messages, None


def dns_answer(data: bytes) -> None:
    """Bound an answer, and read what is left of it as the resolver does."""
    try:
        bounded = bound_message(data)
    except MessageUnreadable:
        return
    answers = struct.unpack_from("!H", bounded.wire, 6)[0]
    assert answers <= MAX_RECORDS
    try:
        message = dns.message.from_wire(bounded.wire)
        if isinstance(message, dns.message.QueryMessage) and message.question:
            _read_records(message)
    except (dns.exception.DNSException, ValueError):  # what the client takes for SERVFAIL
        return


def _read_records(message: dns.message.QueryMessage) -> None:
    readers: Mapping[dns.rdatatype.RdataType, Callable[[Any], object]] = {
        dns.rdatatype.A: _read_address,
        dns.rdatatype.AAAA: _read_address,
        dns.rdatatype.SRV: _read_srv,
        dns.rdatatype.NAPTR: _read_naptr,
    }
    found: dns.rrset.RRset | None = message.resolve_chaining().answer
    for record in found or ():
        reader = readers.get(record.rdtype)
        if reader is not None:
            assert str(reader(record))


def certificate(data: bytes) -> None:
    """Read a certificate, and compare its names with a domain and with addresses."""
    try:
        read = read_certificate(data)
    except CertificateUnreadable:
        return
    for domain in _DOMAINS:
        for strict in (False, True):
            if not match_name(read.names, domain, strict=strict).fits:
                failure = mismatch(read.names, domain, "edge.carrier.test", strict=strict)
                assert _is_shown_as_it_is(failure.detail)
    assert all(map(_is_shown_as_it_is, (read.subject, read.issuer, *read.shown_names)))


def _is_shown_as_it_is(text: str) -> bool:
    """Whether nothing of a text has to be replaced before it is shown; what no Unicode names yet may stay."""
    return printable(text) == text


TARGETS: Mapping[str, Target] = {
    "parser": parser,
    "challenge": challenge,
    "framing": framing,
    "dns-answer": dns_answer,
    "certificate": certificate,
    "sdp": sdp,
    "media-packets": media_packets,
}
