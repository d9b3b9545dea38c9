"""RFC 3261 §8.1.1, §8.2.6, §18.2.1; RFC 3581 §3, §4. The parser reads back what the builder wrote."""

from typing import Any

import pytest
import sipmessage

from sipcheck.message.builder import build_request, build_response
from sipcheck.message.message import Request, Response
from sipcheck.message.parser import parse
from sipcheck.target import HostPort

ARGUMENTS: dict[str, Any] = {
    "method": "OPTIONS",
    "uri": "sip:example.com",
    "transport": "udp",
    "sent_by": HostPort("192.0.2.1", 5060),
    "branch": "z9hG4bKnashds7",
    "from_uri": "sip:alice@example.com",
    "from_tag": "456248",
    "to_uri": "sip:example.com",
    "call_id": "843817637684230@998sdasdh09",
    "cseq": 1,
    "user_agent": "sipcheck",
}


def built(**changes: Any) -> bytes:
    return build_request(**{**ARGUMENTS, **changes})


def read_request(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def read_response(data: bytes) -> Response:
    message = parse(data)
    assert isinstance(message, Response)
    return message


def test_a_request_byte_for_byte() -> None:
    """§8.1.1: To, From, CSeq, Call-ID, Max-Forwards and Via are mandatory; §20.14 asks for Content-Length."""
    assert built() == (
        b"OPTIONS sip:example.com SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKnashds7\r\n"
        b"Max-Forwards: 70\r\n"
        b"From: <sip:alice@example.com>;tag=456248\r\n"
        b"To: <sip:example.com>\r\n"
        b"Call-ID: 843817637684230@998sdasdh09\r\n"
        b"CSeq: 1 OPTIONS\r\n"
        b"User-Agent: sipcheck\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"method": "REGISTER", "cseq": 2**31 - 1, "transport": "TLS", "uri": "sips:example.com:5061"},
        {"sent_by": HostPort("2001:db8::1", 5060)},
        {"sent_by": HostPort("pbx.example.com")},
        {"from_uri": "sip:m%C3%BCller%40a@[2001:db8::1]:5070"},
        {"route": "<sip:proxy.example.com;lr>"},
        {
            "headers": [("Accept", "application/sdp"), ("Content-Type", "text/plain")],
            "body": b"\0\r\n\r\n\xff",
        },
        {"headers": [("Authorization", 'Digest realm="caf\udce9", nonce="x"')]},
        {"user_agent": "sipcheck/0.1 (SIP trunk verification)"},
    ],
)
def test_what_is_built_is_read_back_without_a_defect(changes: dict[str, Any]) -> None:
    expected = {**ARGUMENTS, **changes}
    message = read_request(built(**changes))
    assert message.defects == ()
    assert (message.method, message.uri) == (expected["method"], expected["uri"])
    via = message.vias[0]
    assert (via.transport, via.branch, via.wants_rport) == (
        expected["transport"].upper(),
        expected["branch"],
        True,
    )
    assert HostPort(via.host, via.port) == expected["sent_by"]
    assert (message.from_tag, message.to_tag) == (expected["from_tag"], None)
    assert (message.cseq.number, message.cseq.method) == (expected["cseq"], expected["method"])
    assert message.headers.get("Route") == expected.get("route")
    assert message.body == expected.get("body", b"")
    for name, value in expected.get("headers", ()):
        assert message.headers.get(name) == value


def test_an_independent_parser_reads_the_request() -> None:
    message = sipmessage.Message.parse(built(route="<sip:proxy.example.com;lr>"))
    assert isinstance(message, sipmessage.Request)
    assert message.method == "OPTIONS"
    assert str(message.uri) == "sip:example.com"
    assert message.via[0].parameters["branch"] == "z9hG4bKnashds7"
    assert message.from_address.parameters["tag"] == "456248"
    assert message.cseq.sequence == 1


def test_bytes_that_are_not_utf_8_go_out_as_they_came() -> None:
    assert b'realm="caf\xe9"' in built(headers=[("Authorization", 'Digest realm="caf\udce9"')])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("method", "OPT IONS"),
        ("method", ""),
        ("uri", "sip:example.com\r\nX: y"),
        ("uri", "sip:a b"),
        ("uri", "<sip:a>"),
        ("uri", "sip:müller@a"),
        ("uri", "sip:a%4"),
        ("uri", "example.com"),
        ("from_uri", "sip:a\0b"),
        ("to_uri", ""),
        ("transport", "u/p"),
        ("sent_by", HostPort("a b", 5060)),
        ("sent_by", HostPort("192.0.2.1", 0)),
        ("branch", "nashds7"),
        ("branch", "z9hG4bK a"),
        ("from_tag", ""),
        ("from_tag", "a;b"),
        ("call_id", ""),
        ("call_id", "a b"),
        ("call_id", "a@b@c"),
        ("cseq", -1),
        ("cseq", 2**31),
        ("user_agent", "a\nb"),
        ("user_agent", "a\ud800"),
        ("route", "sip:proxy.example.com;lr"),
        ("route", "<sip:proxy;lr>\r\nX: y"),
    ],
)
def test_an_unusable_argument_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{field} "):
        built(**{field: value})


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (("Subject", "a\r\nX: y"), "Subject"),
        (("Subject", "a\nb"), "Subject"),
        (("Subject", "a\rb"), "Subject"),
        (("Subject", "a\0b"), "Subject"),
        (("Sub ject", "a"), "Sub ject"),
        (("X\r\nY", "a"), "header name"),
        (("v", "SIP/2.0/UDP a"), "v has"),
        (("content-length", "5"), "content-length"),
        (("Max-Forwards", "1"), "Max-Forwards"),
    ],
)
def test_an_unusable_header_is_refused_by_name(header: tuple[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        built(headers=[header])


def test_a_body_needs_its_type() -> None:
    """§20.15."""
    with pytest.raises(ValueError, match="Content-Type"):
        built(body=b"v=0")


def answered(request: bytes, **changes: Any) -> Response:
    arguments: dict[str, Any] = {"status": 200, "phrase": "OK", "to_tag": "37GkEhwl6", **changes}
    return read_response(build_response(read_request(request), **arguments))


def test_a_response_copies_what_names_the_transaction() -> None:
    """§8.2.6.2."""
    response = answered(built(), headers=[("Server", "practice"), ("Allow", "OPTIONS, REGISTER")])
    request = read_request(built())
    assert (response.status, response.phrase, response.defects) == (200, "OK", ())
    assert response.vias == request.vias
    assert (response.call_id, response.cseq) == (request.call_id, request.cseq)
    assert response.headers.get("From") == request.headers.get("From")
    assert response.headers.get("To") == "<sip:example.com>;tag=37GkEhwl6"
    assert response.server == "practice"
    assert response.headers.split("Allow") == ("OPTIONS", "REGISTER")


def test_every_via_is_copied_in_order() -> None:
    request = built().replace(b"\r\nMax", b", SIP/2.0/TCP b;branch=c\r\nv: SIP/2.0/UDP d\r\nMax")
    assert [via.host for via in answered(request).vias] == ["192.0.2.1", "b", "d"]


def test_a_tag_that_is_there_stays() -> None:
    request = built().replace(b"To: <sip:example.com>", b"To: sip:example.com;tag=theirs")
    assert answered(request).to_tag == "theirs"


def test_a_tag_without_value_is_none() -> None:
    request = built().replace(b"To: <sip:example.com>", b"To: <sip:example.com>;tag")
    assert answered(request).to_tag == "37GkEhwl6"


def test_a_provisional_answer_may_go_without_tag() -> None:
    assert answered(built(), status=100, phrase="Trying", to_tag=None).to_tag is None


@pytest.mark.parametrize(
    ("via", "source", "received", "rport"),
    [
        pytest.param(
            b"192.0.2.1:5060;rport", HostPort("192.0.2.1", 5060), "192.0.2.1", 5060, id="RFC 3581 §4"
        ),
        pytest.param(b"192.0.2.1:5060;rport", HostPort("2001:db8::9", 6000), "2001:db8::9", 6000, id="NAT"),
        pytest.param(b"192.0.2.1:5060", HostPort("192.0.2.1", 6000), None, None, id="as sent"),
        pytest.param(b"192.0.2.1:5060", HostPort("192.0.2.9", 6000), "192.0.2.9", None, id="§18.2.1"),
        pytest.param(b"pbx.example.com", HostPort("192.0.2.9", 5060), "192.0.2.9", None, id="a name"),
    ],
)
def test_the_source_is_stamped_on_the_top_via(
    via: bytes, source: HostPort, received: str | None, rport: int | None
) -> None:
    request = built().replace(b"192.0.2.1:5060;rport", via)
    top = answered(request, source=source).vias[0]
    assert (top.received, top.rport) == (received, rport)
    assert top.branch == "z9hG4bKnashds7"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", 99),
        ("status", 700),
        ("phrase", "OK\r\nX: y"),
        ("to_tag", "a\x01b"),
        ("headers", [("Via", "x")]),
        ("headers", [("Server", "a\r\nb")]),
        ("body", b"no type"),
    ],
)
def test_an_unusable_response_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match="has to be"):
        answered(built(), **{field: value})


@pytest.mark.parametrize("branch", [b"<z9hG4bKa", b'"z9hG4bKa', b'z9hG4bKa;x="', b"z9hG4bKa;x=<y"])
def test_what_is_stamped_stays_readable_beside_a_mark_that_is_never_closed(branch: bytes) -> None:
    request = read_request(built().replace(b"z9hG4bKnashds7", branch))
    source = HostPort("203.0.113.9", 40000)
    answer = read_response(build_response(request, status=200, phrase="OK", to_tag="t", source=source))
    assert answer.vias[0].branch == request.vias[0].branch
    assert (answer.vias[0].received, answer.vias[0].rport) == (source.host, source.port)
