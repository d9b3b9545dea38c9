"""Published digest vectors, and the combinations of RFC 2617, RFC 7616 and RFC 8760."""

import hashlib
from typing import Any

import pytest
from sippy.SipAuthorization import SipAuthorization  # the oracle: it computes digests rightly

from sipcheck.auth.digest import Algorithm, digest

RFC_7616_3_9_1 = {
    "username": "Mufasa",
    "realm": "http-auth@example.org",
    "password": "Circle of Life",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "method": "GET",
    "uri": "/dir/index.html",
    "qop": "auth",
    "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    "nonce_count": "00000001",
}
RFC_2617_3_5 = {
    "username": "Mufasa",
    "realm": "testrealm@host.com",
    "password": "Circle Of Life",
    "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
    "method": "GET",
    "uri": "/dir/index.html",
    "qop": "auth",
    "cnonce": "0a4f113b",
    "nonce_count": "00000001",
}
RFC_7616_3_9_2 = {
    "username": "J\u00e4s\u00f8n Doe",
    "realm": "api@example.org",
    "password": "Secret, or not?",
    "nonce": "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
    "method": "GET",
    "uri": "/doe.json",
    "qop": "auth",
    "cnonce": "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    "nonce_count": "00000001",
}


@pytest.mark.parametrize(
    ("algorithm", "parameters", "response"),
    [
        (Algorithm.MD5, RFC_7616_3_9_1, "8ca523f5e9506fed4657c9700eebdbec"),
        (
            Algorithm.SHA_256,
            RFC_7616_3_9_1,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
        (Algorithm.MD5, RFC_2617_3_5, "6629fae49393a05397450978507c4ef1"),
        # RFC 7616's printed value is wrong: erratum 4897
        (
            Algorithm.SHA_512_256,
            RFC_7616_3_9_2,
            "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
        ),
    ],
)
def test_published_vectors(algorithm: Algorithm, parameters: dict[str, Any], response: str) -> None:
    assert digest(algorithm=algorithm, **parameters) == response


SIP: dict[str, Any] = {
    "username": "alice",
    "realm": "carrier.example",
    "password": "correct horse",
    "nonce": "abc123",
    "method": "REGISTER",
    "uri": "sip:carrier.example",
    "cnonce": "0a4f113b",
    "nonce_count": "00000001",
}


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def test_the_legacy_form_without_qop() -> None:
    """RFC 2617 §3.2.2.1, which RFC 2069 began with: nonce and the two hashes alone."""
    a1, a2 = md5("alice:carrier.example:correct horse"), md5("REGISTER:sip:carrier.example")
    assert digest(algorithm=Algorithm.MD5, qop=None, **SIP) == md5(f"{a1}:abc123:{a2}")


def test_the_session_form_binds_the_secret_to_both_nonces() -> None:
    a1 = md5(md5("alice:carrier.example:correct horse") + ":abc123:0a4f113b")
    a2 = md5("REGISTER:sip:carrier.example")
    wanted = md5(f"{a1}:abc123:00000001:0a4f113b:auth:{a2}")
    assert digest(algorithm=Algorithm.MD5_SESS, qop="auth", **SIP) == wanted


def test_auth_int_covers_the_body() -> None:
    a1 = md5("alice:carrier.example:correct horse")
    a2 = md5(f"REGISTER:sip:carrier.example:{md5('v=0')}")
    wanted = md5(f"{a1}:abc123:00000001:0a4f113b:auth-int:{a2}")
    assert digest(algorithm=Algorithm.MD5, qop="auth-int", body=b"v=0", **SIP) == wanted


@pytest.mark.parametrize(
    ("algorithm", "qop"),
    [
        (algorithm, qop)
        for algorithm in Algorithm
        for qop in ("auth", "auth-int", None)
        if qop is not None or not algorithm.session  # a session needs the cnonce that only a qop brings
    ],
)
def test_sippy_agrees(algorithm: Algorithm, qop: str | None) -> None:
    oracle = SipAuthorization(
        username=SIP["username"], uri=SIP["uri"], realm=SIP["realm"], nonce=SIP["nonce"]
    )
    oracle.algorithm, oracle.qop, oracle.cnonce, oracle.nc = (
        algorithm.value,
        qop,
        SIP["cnonce"] if qop else None,
        SIP["nonce_count"] if qop else None,
    )
    oracle.genAuthResponse(SIP["password"], SIP["method"], "v=0")
    assert digest(algorithm=algorithm, qop=qop, body=b"v=0", **SIP) == oracle.response


def test_bytes_that_are_no_utf8_are_hashed_as_they_came() -> None:
    realm = b"caf\xe9".decode("utf-8", "surrogateescape")
    a1 = hashlib.md5(b"alice:caf\xe9:correct horse", usedforsecurity=False).hexdigest()
    a2 = md5("REGISTER:sip:carrier.example")
    wanted = md5(f"{a1}:abc123:{a2}")
    assert digest(algorithm=Algorithm.MD5, qop=None, **{**SIP, "realm": realm}) == wanted
