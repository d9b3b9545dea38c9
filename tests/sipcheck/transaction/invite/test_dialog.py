"""RFC 3261 §12.1.2, §12.2.1.1: the dialog that a 2xx makes, and the requests in it, as bytes."""

from dataclasses import replace

import pytest

from sipcheck.message.message import Request, Response
from sipcheck.message.parser import parse
from sipcheck.target import HostPort
from sipcheck.transaction.invite.dialog import MOST_ROUTES, Dialog
from sipcheck.transaction.invite.peer_requests import answer_within
from sipcheck.transaction.invite.within_invite import acknowledgement, cancel
from sipcheck.transaction.request_template import RequestTemplate
from tests.peers.sip_reply import reply_to

INVITE = RequestTemplate(
    method="INVITE",
    request_uri="sip:+889@carrier.example;user=phone",
    from_uri="sip:alice@carrier.example",
    to_uri="sip:+889@carrier.example;user=phone",
    call_id="the-call",
    from_tag="ours",
    user_agent="test",
    route="<sip:proxy.example;lr>",
    headers=(("Contact", "<sip:alice@192.0.2.1:5060>"), ("Content-Type", "application/sdp")),
    body=b"v=0\r\n",
)
BRANCH = "z9hG4bKinvite"
LOCAL = HostPort("192.0.2.1", 5060)


def written(template: RequestTemplate, *, branch: str = BRANCH, cseq: int = 1) -> Request:
    message = parse(template.build(transport="udp", sent_by=LOCAL, branch=branch, cseq=cseq))
    assert isinstance(message, Request)
    return message


def answered(*headers: tuple[str, str], status: int = 200) -> Response:
    request = INVITE.build(transport="udp", sent_by=LOCAL, branch=BRANCH, cseq=1)
    message = parse(reply_to(request, status, headers=headers))
    assert isinstance(message, Response)
    return message


# Contact, Record-Route lines; then Request-URI, Route lines and next hop of what follows.
ROWS: list[tuple[str | None, list[str], str, list[str], str | None]] = [
    ("<sip:bob@192.0.2.9:5070>", [], "sip:bob@192.0.2.9:5070", [], "192.0.2.9"),
    ("sip:bob@192.0.2.9;expires=5", [], "sip:bob@192.0.2.9", [], "192.0.2.9"),
    ('"Bob" <sip:bob@b.example;transport=tcp>;q=1', [], "sip:bob@b.example;transport=tcp", [], "b.example"),
    # In reverse, whether in one line or in several.
    (
        "<sip:bob@192.0.2.9>",
        ["<sip:p2.example;lr>", "<sip:p1.example;lr;x=1>"],
        "sip:bob@192.0.2.9",
        ["<sip:p1.example;lr;x=1>", "<sip:p2.example;lr>"],
        "p1.example",
    ),
    (
        "<sip:bob@192.0.2.9>",
        ["<sip:p2.example;lr>, <sip:p1.example;lr=on>"],
        "sip:bob@192.0.2.9",
        ["<sip:p1.example;lr=on>", "<sip:p2.example;lr>"],
        "p1.example",
    ),
    # A strict router is named in the Request-URI, and the target behind the others.
    (
        "<sip:bob@192.0.2.9>",
        ["<sip:p2.example;lr>", "<sip:p1.example>"],
        "sip:p1.example",
        ["<sip:p2.example;lr>", "<sip:bob@192.0.2.9>"],
        "p1.example",
    ),
    # What cannot be used leaves what the INVITE itself was sent to.
    (None, [], INVITE.request_uri, [], None),
    ("<tel:+1>", [], INVITE.request_uri, [], None),
    ("<sip:bob@192.0.2.9", [], INVITE.request_uri, [], None),
    ("<sip:bob@192.0.2.9>", ["<sip:p1.example;lr>", "nonsense"], INVITE.request_uri, [], None),
    ("<sip:bob@192.0.2.9>", ["<sip:p.example;lr>"] * (MOST_ROUTES + 1), INVITE.request_uri, [], None),
    ("<sip:b{o}b@192.0.2.9>", [], INVITE.request_uri, [], None),
    ("<sip:bob@192.0.2.9?Subject=x>", [], "sip:bob@192.0.2.9", [], "192.0.2.9"),
]


@pytest.mark.parametrize(("contact", "recorded", "target", "routes", "hop"), ROWS)
def test_what_a_2xx_makes(
    contact: str | None, recorded: list[str], target: str, routes: list[str], hop: str | None
) -> None:
    headers = [("Record-Route", each) for each in recorded]
    if contact is not None:
        headers.append(("Contact", contact))
    dialog = Dialog.of(INVITE, answered(*headers))
    for method, cseq in (("ACK", 1), ("BYE", 2)):
        request = written(dialog.request(method), branch="z9hG4bKnew", cseq=cseq)
        assert (request.method, request.uri) == (method, target)
        assert list(request.headers.get_all("Route")) == routes
        assert (request.call_id, request.from_tag, request.to_tag) == ("the-call", "ours", "peer")
        assert (request.cseq.number, request.cseq.method) == (cseq, method)
        assert request.body == b""
        assert "Contact" not in request.headers
    assert (None if dialog.next_hop is None else dialog.next_hop.host) == hop


def test_what_belongs_to_the_invites_own_transaction() -> None:
    """§17.1.1.3, §9.1: its Request-URI, Via, Route, From, Call-ID and CSeq number; To as each rule has it."""
    invite = written(INVITE)
    ack, taken_back = written(acknowledgement(INVITE, answered(status=486))), written(cancel(INVITE))
    for request, method, tag in ((ack, "ACK", "peer"), (taken_back, "CANCEL", None)):
        assert (request.method, request.cseq.method, request.cseq.number) == (method, method, 1)
        for name in ("Via", "Route", "From", "Call-ID"):
            assert request.headers.get_all(name) == invite.headers.get_all(name)
        assert (request.uri, len(request.vias), request.to_tag) == (invite.uri, 1, tag)
        assert (request.body, "Content-Type" in request.headers) == (b"", False)


def test_a_tag_of_the_peers_that_is_no_token_goes_back_as_it_came() -> None:
    dialog = Dialog(invite=INVITE, remote_tag="a@b:c=d", remote_target="sip:bob@192.0.2.9", routes=())
    assert written(dialog.request("BYE")).to_tag == "a@b:c=d"


PEERS = RequestTemplate(
    method="BYE",
    request_uri="sip:alice@192.0.2.1:5060",
    from_uri="sip:+889@carrier.example",
    to_uri="sip:alice@carrier.example",
    call_id="the-call",
    from_tag="peer",
    user_agent="peer",
    to_tag="ours",
)


@pytest.mark.parametrize(
    ("method", "cseq", "in_dialog", "highest", "status", "ends"),
    [
        ("BYE", 1, True, None, 200, True),
        ("BYE", 5, True, 4, 200, True),
        ("BYE", 4, True, 4, 500, False),
        ("BYE", 1, False, None, 481, False),
        ("INVITE", 1, True, None, 488, False),
        ("UPDATE", 1, True, None, 488, False),
        ("OPTIONS", 1, True, None, 200, False),
        ("OPTIONS", 1, False, None, 481, False),
        ("NOTIFY", 1, True, None, 481, False),
        ("PRACK", 1, True, None, 481, False),
        ("CANCEL", 3, True, 3, 481, False),
        ("REFER", 1, True, None, 603, False),
        ("INFO", 1, True, None, 405, False),
        ("NONSENSE", 1, True, None, 405, False),
        ("ACK", 1, True, None, None, False),
    ],
)
def test_what_a_peer_is_answered(
    method: str, cseq: int, in_dialog: bool, highest: int | None, status: int | None, ends: bool
) -> None:
    request = written(replace(PEERS, method=method), cseq=cseq)
    answer = answer_within(request, in_dialog=in_dialog, highest_cseq=highest)
    assert (None if answer is None else answer.status) == status
    assert (answer is not None and answer.ends) is ends


@pytest.mark.parametrize(
    ("from_tag", "to_tag", "call_id", "belongs"),
    [
        ("peer", "ours", "the-call", True),
        ("PEER", "OURS", "the-call", True),
        ("another", "ours", "the-call", False),
        ("peer", "another", "the-call", False),
        ("peer", None, "the-call", False),
        ("peer", "ours", "another", False),
    ],
)
def test_whose_a_peers_request_is(from_tag: str, to_tag: str | None, call_id: str, belongs: bool) -> None:
    dialog = Dialog.of(INVITE, answered(("Contact", "<sip:bob@192.0.2.9>")))
    request = written(replace(PEERS, from_tag=from_tag, to_tag=to_tag, call_id=call_id))
    assert dialog.has(request) is belongs
