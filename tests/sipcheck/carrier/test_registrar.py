"""The practice carrier's answers as a table: a request in, bytes out; no socket."""

from collections.abc import Callable
from itertools import count

import pytest

from sipcheck.auth.authorization import authorization
from sipcheck.auth.challenge import Challenge, choose
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.registrar import REWRITTEN_ADDRESS, Registrar, RegistrarVerdict
from sipcheck.message.message import Request, Response
from sipcheck.message.parser import parse
from sipcheck.target import HostPort, TransportName
from tests.sipcheck.carrier.conftest import MakeRequest
from tests.torture import READ

PASSWORD = "demo-password"
SOURCE = HostPort("127.0.0.1", 5070)

NewRegistrar = Callable[..., Registrar]


@pytest.fixture
def registrar() -> NewRegistrar:
    def make(*faults: Fault, users: dict[str, str] | None = None) -> Registrar:
        tokens = count(1)
        return Registrar(
            users=users or {"demo": PASSWORD},
            realm="practice.example",
            faults=faults,
            new_token=lambda: f"token{next(tokens)}",
        )

    return make


def ask(registrar: Registrar, data: bytes, *, source: HostPort = SOURCE) -> RegistrarVerdict:
    request = parse(data)
    assert isinstance(request, Request)
    return registrar.answer(request, source, TransportName.UDP)


def response(verdict: RegistrarVerdict) -> Response:
    (data,) = verdict.replies
    found = parse(data)
    assert isinstance(found, Response)
    return found


def challenge_of(found: Response) -> Challenge:
    choice = choose(found.headers.get_all("WWW-Authenticate"), found.headers.get_all("Proxy-Authenticate"))
    assert isinstance(choice, tuple)
    return choice[0]


def authorized(challenge: Challenge, *, username: str = "demo", password: str = PASSWORD) -> tuple[str, str]:
    return authorization(
        challenge,
        username=username,
        password=password,
        method="REGISTER",
        uri="sip:practice.example",
        cnonce="cnonce",
    )


def log_in(
    registrar: Registrar,
    make_request: MakeRequest,
    *headers: tuple[str, str],
    call_id: str = "call",
    username: str = "demo",
    password: str = PASSWORD,
) -> Response:
    challenge = challenge_of(response(ask(registrar, make_request(call_id=call_id))))
    answer = authorized(challenge, username=username, password=password)
    return response(ask(registrar, make_request(number=2, call_id=call_id, headers=(answer, *headers))))


def test_options_is_answered_with_what_is_allowed(registrar: NewRegistrar, make_request: MakeRequest) -> None:
    """RFC 3261 §11.2."""
    found = response(ask(registrar(), make_request("OPTIONS")))
    assert (found.status, found.headers.get("Allow"), found.server) == (
        200,
        "OPTIONS, REGISTER",
        "practice-carrier",
    )
    assert found.to_tag


@pytest.mark.parametrize("method", ["INVITE", "SUBSCRIBE", "MESSAGE", "UNHEARD-OF"])
def test_other_methods_are_not_allowed(
    method: str, registrar: NewRegistrar, make_request: MakeRequest
) -> None:
    """RFC 3261 §21.4.6: 405 names what is allowed."""
    found = response(ask(registrar(), make_request(method)))
    assert (found.status, found.headers.get("Allow")) == (405, "OPTIONS, REGISTER")


def test_nothing_answers_an_ack(registrar: NewRegistrar, make_request: MakeRequest) -> None:
    """RFC 3261 §17.1.1.3."""
    assert ask(registrar(), make_request("ACK")).replies == ()


def test_register_is_challenged_with_a_fresh_nonce(
    registrar: NewRegistrar, make_request: MakeRequest
) -> None:
    """RFC 3261 §22.4."""
    carrier = registrar()
    first = response(ask(carrier, make_request(call_id="one")))
    second = response(ask(carrier, make_request(call_id="two")))
    assert first.status == second.status == 401
    assert challenge_of(first).qop == ("auth",)
    assert challenge_of(first).algorithm == "MD5"
    assert challenge_of(first).nonce != challenge_of(second).nonce


def test_the_right_password_is_believed(registrar: NewRegistrar, make_request: MakeRequest) -> None:
    assert log_in(registrar(), make_request).status == 200


@pytest.mark.parametrize(
    ("username", "password"),
    [("demo", "wrong"), ("nobody", "demo-password"), ("nobody", ""), ("", ""), ("Demo", "demo-password")],
)
def test_wrong_credentials_get_another_challenge_that_is_not_stale(
    username: str, password: str, registrar: NewRegistrar, make_request: MakeRequest
) -> None:
    found = log_in(registrar(), make_request, username=username, password=password)
    assert found.status == 401
    assert not challenge_of(found).stale


@pytest.mark.parametrize("username", ['de"mo', "de\\mo", "dé mo"])
def test_a_user_name_is_compared_as_it_is(
    username: str, registrar: NewRegistrar, make_request: MakeRequest
) -> None:
    """RFC 7616 §3.4: quotes and backslashes are escaped on the wire alone."""
    carrier = registrar(users={username: "p:w"})
    assert log_in(carrier, make_request, username=username, password="p:w").status == 200


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("nonce", "of-another-carrier"),
        ("realm", "another.example"),
        ("uri", "sip:another.example"),
        ("qop", "auth-int"),
        ("algorithm", "SHA-256"),
        ("algorithm", "ROT13"),
        ("response", "0" * 32),
        ("response", "ü"),
    ],
)
def test_an_answer_to_another_challenge_is_refused(
    part: str, changed: str, registrar: NewRegistrar, make_request: MakeRequest
) -> None:
    carrier = registrar()
    name, value = authorized(challenge_of(response(ask(carrier, make_request()))))
    parameters = [
        f'{part}="{changed}"' if each.partition("=")[0] == part else each
        for each in value.removeprefix("Digest ").split(", ")
    ]
    forged = (name, f"Digest {', '.join(parameters)}")
    assert response(ask(carrier, make_request(number=2, headers=(forged,)))).status == 401


@pytest.mark.parametrize("value", ["Basic ZGVtbzpkZW1v", "Digest", "Digest =", "", "Digest username="])
def test_an_authorization_that_is_no_digest_is_refused(
    value: str, registrar: NewRegistrar, make_request: MakeRequest
) -> None:
    assert response(ask(registrar(), make_request(headers=(("Authorization", value),)))).status == 401


def test_a_request_sent_again_gets_the_same_bytes(registrar: NewRegistrar, make_request: MakeRequest) -> None:
    """RFC 3261 §17.2.2: the same nonce and tag too; and it is said that it came twice."""
    carrier = registrar()
    first, again = ask(carrier, make_request()), ask(carrier, make_request())
    assert first.replies == again.replies
    assert (first.sighting.repeated, again.sighting.repeated) == (False, True)
    assert str(again.sighting) == "REGISTER from 127.0.0.1:5070 by udp, sent again: 401"


def test_an_attempt_with_credentials_is_noted(registrar: NewRegistrar, make_request: MakeRequest) -> None:
    carrier = registrar()
    header = authorized(challenge_of(response(ask(carrier, make_request()))))
    sighting = ask(carrier, make_request(number=2, headers=(header,))).sighting
    assert sighting.authorized
    assert str(sighting) == "REGISTER with credentials from 127.0.0.1:5070 by udp: 200"


def test_bindings_are_listed_and_left_alone_without_contact(
    registrar: NewRegistrar, make_request: MakeRequest
) -> None:
    """RFC 3261 §10.3, steps 6 to 8."""
    carrier = registrar()
    bound = log_in(carrier, make_request, ("Contact", "<sip:demo@127.0.0.1:5070>"), call_id="bind")
    assert bound.headers.get_all("Contact") == ("<sip:demo@127.0.0.1:5070>;expires=3600",)
    before = dict(carrier.bindings)
    assert before == {"sip:demo@practice.example": ("sip:demo@127.0.0.1:5070",)}
    for extra in ((), (("Expires", "0"),)):
        fetched = log_in(carrier, make_request, *extra, call_id=f"fetch{len(extra)}")
        assert fetched.headers.get_all("Contact") == bound.headers.get_all("Contact")
        assert dict(carrier.bindings) == before


@pytest.mark.parametrize(
    "headers",
    [
        (("Contact", "<sip:demo@127.0.0.1:5070>;expires=0"),),
        (("Contact", "<sip:demo@127.0.0.1:5070>"), ("Expires", "0")),
        (("Contact", "*"), ("Expires", "0")),
    ],
)
def test_a_binding_is_removed(
    headers: tuple[tuple[str, str], ...], registrar: NewRegistrar, make_request: MakeRequest
) -> None:
    """RFC 3261 §10.2.2."""
    carrier = registrar()
    log_in(carrier, make_request, ("Contact", "<sip:demo@127.0.0.1:5070>"), call_id="bind")
    assert log_in(carrier, make_request, *headers, call_id="remove").status == 200
    assert not carrier.bindings


@pytest.mark.parametrize(
    "headers",
    [
        (("Contact", "*"),),
        (("Contact", "*, <sip:demo@127.0.0.1>"), ("Expires", "0")),
        (("Contact", "<sip:demo@127.0.0.1"),),
        (("Contact", "<mailto:demo>"),),
    ],
)
def test_a_contact_that_cannot_be_used_is_a_bad_request(
    headers: tuple[tuple[str, str], ...], registrar: NewRegistrar, make_request: MakeRequest
) -> None:
    """RFC 3261 §10.3, step 6."""
    carrier = registrar()
    assert log_in(carrier, make_request, *headers).status == 400
    assert not carrier.bindings


def test_one_verification_sees_one_stale_nonce(registrar: NewRegistrar, make_request: MakeRequest) -> None:
    """RFC 7616 §3.3: stale says that the password was right; another call meets it afresh."""
    carrier = registrar(Fault.STALE)
    for call_id in ("one", "two"):
        stale = challenge_of(log_in(carrier, make_request, call_id=call_id))
        assert stale.stale
        header = authorized(stale)
        assert (
            response(ask(carrier, make_request(number=3, call_id=call_id, headers=(header,)))).status == 200
        )
    wrong = log_in(carrier, make_request, call_id="three", password="wrong")
    assert not challenge_of(wrong).stale


def test_faults_add_up(registrar: NewRegistrar, make_request: MakeRequest) -> None:
    found = response(ask(registrar(Fault.PROXY_AUTH, Fault.SHA256, Fault.NO_QOP), make_request()))
    challenge = challenge_of(found)
    assert (found.status, challenge.proxy, challenge.algorithm, challenge.qop) == (407, True, "SHA-256", ())


@pytest.mark.parametrize(("fault", "address"), [(None, "127.0.0.1"), (Fault.NAT_REWRITE, REWRITTEN_ADDRESS)])
def test_the_via_says_where_the_request_came_from(
    fault: Fault | None, address: str, registrar: NewRegistrar, make_request: MakeRequest
) -> None:
    """RFC 3581 §4."""
    faults = (fault,) if fault else ()
    source = HostPort("127.0.0.1", 40000)
    via = response(ask(registrar(*faults), make_request("OPTIONS"), source=source)).vias[0]
    assert (via.received, via.rport) == (address, 40000)


def test_a_service_that_is_unavailable_says_for_how_long(
    registrar: NewRegistrar, make_request: MakeRequest
) -> None:
    found = response(ask(registrar(Fault.SERVICE_UNAVAILABLE), make_request()))
    assert (found.status, found.retry_after_seconds) == (503, 30)


def test_sloppy_answers_have_every_defect_that_is_tolerated(
    registrar: NewRegistrar, make_request: MakeRequest
) -> None:
    """RFC 3261 §7.3.1 and what carriers send."""
    found = response(ask(registrar(Fault.SLOPPY), make_request("OPTIONS")))
    assert (found.status, found.phrase, found.server) == (200, "", "practice-carrier")
    assert {"bare-lf", "folded-header", "missing-reason-phrase"} <= set(found.defects)


def test_every_fault_has_a_description_of_one_line() -> None:
    for fault in Fault:
        assert fault.description
        assert "\n" not in fault.description
        assert len(fault.description) <= 80


@pytest.mark.parametrize("faults", [(), *((fault,) for fault in Fault)], ids=lambda faults: "+".join(faults))
def test_torture_requests_are_survived(faults: tuple[Fault, ...], registrar: NewRegistrar) -> None:
    """Whatever parses is answered or left alone, and nothing is raised."""
    carrier = registrar(*faults)
    for message in READ:
        request = parse(message.data)
        if isinstance(request, Request):
            verdict = carrier.answer(request, SOURCE, TransportName.UDP)
            assert len(verdict.replies) <= 1
