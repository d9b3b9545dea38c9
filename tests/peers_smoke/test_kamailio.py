import re
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.kamailio import PASSWORD, USERNAME, Kamailio
from tests.peers.sip_client import answer_challenge, ask_by_stream, ask_by_udp, make_request, status_of

Factory = Callable[..., Kamailio]


def register(
    kamailio: Kamailio,
    *,
    username: str = USERNAME,
    password: str = PASSWORD,
    contact: str | None = None,
    cseq: int = 1,
) -> tuple[bytes, bytes]:
    """REGISTER, answer the challenge, and give both responses."""
    contacts = [] if contact is None else [("Contact", contact)]
    challenge = ask_by_udp(
        kamailio.port, make_request("REGISTER", username=username, cseq=cseq, headers=contacts)
    )
    value = answer_challenge(challenge, "REGISTER", username=username, password=password)
    name = "Authorization" if status_of(challenge) == 401 else "Proxy-Authorization"
    request = make_request("REGISTER", username=username, cseq=cseq + 1, headers=[*contacts, (name, value)])
    return challenge, ask_by_udp(kamailio.port, request)


@pytest.mark.parametrize(
    ("settings", "status", "header"),
    [
        (
            {"algorithm": "MD5"},
            401,
            rb'WWW-Authenticate: Digest realm="carrier.example", .*qop="auth", algorithm=MD5',
        ),
        (
            {"algorithm": "MD5", "qop": None},
            401,
            rb'WWW-Authenticate: Digest realm="[^"]*", nonce="[^"]*", alg',
        ),
        (
            {"algorithm": "", "qop": None},
            401,
            rb'WWW-Authenticate: Digest realm="[^"]*", nonce="[^"]*"\r\n',
        ),
        ({"algorithm": "SHA-256"}, 401, rb'WWW-Authenticate: .*qop="auth", algorithm=SHA-256'),
        ({"algorithm": "SHA-256", "qop": None}, 401, rb'WWW-Authenticate: .*", algorithm=SHA-256'),
        ({"challenge_status": 407}, 407, rb'Proxy-Authenticate: Digest realm="carrier.example"'),
        ({"challenge_status": 407, "algorithm": "SHA-256"}, 407, rb"Proxy-Authenticate: .*algorithm=SHA-256"),
        ({"realm": "another realm"}, 401, rb'realm="another realm"'),
    ],
)
def test_a_challenge_is_as_chosen_and_a_right_digest_passes(
    kamailio_factory: Factory, settings: dict[str, Any], status: int, header: bytes
) -> None:
    kamailio = kamailio_factory(**settings)
    challenge, answer = register(kamailio)
    assert status_of(challenge) == status
    assert re.search(header, challenge), challenge
    assert status_of(answer) == 200
    assert len(kamailio.requests_seen("REGISTER", credentials=False)) == 1
    assert len(kamailio.requests_seen("REGISTER", credentials=True)) == 1


@pytest.mark.parametrize(
    ("username", "password", "status"),
    [(USERNAME, "wrong", 401), ("nobody", PASSWORD, 401), ("barred", PASSWORD, 403)],
)
def test_who_is_turned_away(kamailio_factory: Factory, username: str, password: str, status: int) -> None:
    users = {USERNAME: PASSWORD, "barred": PASSWORD}
    kamailio = kamailio_factory(users=users, forbidden_users=("barred",))
    _, answer = register(kamailio, username=username, password=password)
    assert status_of(answer) == status


def test_an_expired_nonce_is_challenged_again_as_stale(kamailio_factory: Factory) -> None:
    _, answer = register(kamailio_factory(nonce_expire_seconds=-1))
    assert status_of(answer) == 401
    assert b"stale=true" in answer


def test_a_register_without_contact_leaves_the_location_table_byte_equal(kamailio_factory: Factory) -> None:
    kamailio = kamailio_factory(bindings={USERNAME: "sip:alice@192.0.2.9:5070"})
    before = kamailio.location_table()
    _, answer = register(kamailio)
    assert status_of(answer) == 200
    assert b"sip:alice@192.0.2.9:5070" in answer  # RFC 3261 §10.2.3: the bindings are fetched
    assert b"sip:alice@192.0.2.9:5070" in before
    assert kamailio.location_table() == before


def test_a_register_with_contact_changes_the_location_table(kamailio_factory: Factory) -> None:
    kamailio = kamailio_factory(bindings={USERNAME: "sip:alice@192.0.2.9:5070"})
    before = kamailio.location_table()
    register(kamailio, contact="<sip:alice@192.0.2.10>")
    after = kamailio.location_table()
    assert after != before
    assert after.count(b'"sip:alice@192.0.2.10"') == 2  # in memory and in the database


def test_a_refreshed_binding_changes_the_location_table(kamailio_factory: Factory) -> None:
    kamailio = kamailio_factory()
    register(kamailio, contact="<sip:alice@192.0.2.10>;expires=600")
    before = kamailio.location_table()
    register(kamailio, contact="<sip:alice@192.0.2.10>;expires=1200", cseq=3)
    assert kamailio.location_table() != before


def test_options_is_answered_for_the_domain_alone(kamailio_factory: Factory) -> None:
    kamailio = kamailio_factory()
    request = make_request("OPTIONS")
    assert status_of(ask_by_udp(kamailio.port, request)) == 200
    to_user = request.replace(b"OPTIONS sip:carrier", b"OPTIONS sip:alice@carrier").replace(
        b"CSeq: 1", b"CSeq: 2"
    )
    assert status_of(ask_by_udp(kamailio.port, to_user)) == 404
    elsewhere = make_request("OPTIONS", domain="elsewhere.example", cseq=3)
    assert status_of(ask_by_udp(kamailio.port, elsewhere)) == 403
    assert [seen.request_uri for seen in kamailio.requests_seen("OPTIONS")] == [
        "sip:carrier.example",
        "sip:alice@carrier.example",
        "sip:elsewhere.example",
    ]


def test_options_may_be_challenged(kamailio_factory: Factory) -> None:
    kamailio = kamailio_factory(options_challenged=True)
    challenge = ask_by_udp(kamailio.port, make_request("OPTIONS"))
    assert status_of(challenge) == 401
    value = answer_challenge(challenge, "OPTIONS", username=USERNAME, password=PASSWORD)
    request = make_request("OPTIONS", cseq=2, headers=[("Authorization", value)])
    assert status_of(ask_by_udp(kamailio.port, request)) == 200


def test_tcp_and_tls_answer_as_udp_does(kamailio_factory: Factory, certificates: Certificates) -> None:
    kamailio = kamailio_factory(certificate=certificates[CertificateKind.GOOD])
    trusting = ssl.create_default_context(cafile=certificates.ca_file)
    by_tcp = ask_by_stream(kamailio.port, make_request("OPTIONS", transport="TCP"))
    by_tls = ask_by_stream(kamailio.tls_port, make_request("OPTIONS", transport="TLS", cseq=2), trusting)
    assert (status_of(by_tcp), status_of(by_tls)) == (200, 200)
    assert [seen.transport for seen in kamailio.requests_seen()] == ["tcp", "tls"]


def test_what_was_seen_names_the_parts_of_a_request(kamailio_factory: Factory) -> None:
    kamailio = kamailio_factory()
    register(kamailio, contact="<sip:alice@192.0.2.10>")
    first, second = kamailio.requests_seen("REGISTER")
    assert (first.from_uri, first.to_uri) == ("sip:alice@carrier.example", "sip:alice@carrier.example")
    assert (first.call_id, first.cseq, second.cseq) == (second.call_id, "1", "2")
    assert (first.has_contact, first.has_credentials, second.has_credentials) == (True, False, True)
    assert (first.user_agent, first.route) == ("", "")
    assert first.via.endswith("branch=z9hG4bK-REGISTER-1")


def test_a_registrar_may_live_on_ipv6(kamailio_factory: Factory) -> None:
    kamailio = kamailio_factory(address="::1")
    request = make_request("OPTIONS")
    assert status_of(ask_by_udp(kamailio.port, request, address="::1")) == 200
