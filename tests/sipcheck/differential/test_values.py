"""Digests, challenges, credentials and URIs, computed and read by sippy and sipmessage as by us."""

from typing import Any

import pytest
import sipmessage
from hypothesis import given
from hypothesis import strategies as st
from sippy.SipAuthorization import DigestCalcHA1, DigestCalcResponse, SipAuthorization
from sippy.SipURL import SipURL

from sipcheck.auth.authorization import authorization
from sipcheck.auth.challenge import Challenge, choose
from sipcheck.auth.digest import Algorithm, digest
from sipcheck.message.uri import SipUri

WITHOUT_QUOTES = st.characters(
    codec="utf-8", exclude_characters='"\\,=', exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")
)
TEXTS = st.text(WITHOUT_QUOTES, min_size=1, max_size=20)
ANY_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30)
HEX = st.text("0123456789abcdef", min_size=8, max_size=32)
ALGORITHMS = st.sampled_from(Algorithm)
PROTECTIONS = st.sampled_from(["auth", "auth-int"])
LABELS = st.from_regex(r"([a-z][a-z0-9]{0,6}\.){0,2}[a-z]{1,7}", fullmatch=True)
HOSTS = LABELS | st.sampled_from(["192.0.2.1", "2001:db8::1", "::1"])
USERS = st.text("abcXYZ019-_.!~*'()&=+$,/?%@:;#ä ", min_size=1, max_size=10)


@given(
    algorithm=ALGORITHMS,
    qop=PROTECTIONS | st.none(),
    username=ANY_TEXTS,
    realm=ANY_TEXTS,
    password=ANY_TEXTS,
    nonce=ANY_TEXTS,
    uri=ANY_TEXTS,
    cnonce=HEX,
    count=st.integers(1, 2**32 - 1),
    body=ANY_TEXTS,
)
def test_digests(
    algorithm: Algorithm,
    qop: str | None,
    username: str,
    realm: str,
    password: str,
    nonce: str,
    uri: str,
    cnonce: str,
    count: int,
    body: str,
) -> None:
    """sippy's arithmetic over all algorithms and protections, whatever the letters (RFC 7616 §3.4, RFC 8760)."""
    nonce_count = f"{count:08x}"
    secret = DigestCalcHA1(algorithm.value, username, realm, password, nonce, cnonce)
    theirs = DigestCalcResponse(
        algorithm.value, secret, nonce, nonce_count if qop else None, cnonce, qop, "REGISTER", uri, body
    )
    ours = digest(
        algorithm=algorithm,
        username=username,
        realm=realm,
        password=password,
        nonce=nonce,
        method="REGISTER",
        uri=uri,
        qop=qop,
        cnonce=cnonce,
        nonce_count=nonce_count,
        body=body.encode(),
    )
    assert ours == theirs


@given(
    algorithm=ALGORITHMS,
    qop=PROTECTIONS,
    username=TEXTS,
    realm=TEXTS,
    password=ANY_TEXTS,
    nonce=HEX,
    cnonce=HEX,
    opaque=st.none() | HEX,
    body=ANY_TEXTS,
)
def test_an_authorization_is_read_and_accepted(
    algorithm: Algorithm,
    qop: str,
    username: str,
    realm: str,
    password: str,
    nonce: str,
    cnonce: str,
    opaque: str | None,
    body: str,
) -> None:
    challenge = Challenge(
        proxy=False, realm=realm, nonce=nonce, algorithm=algorithm, qop=(qop,), opaque=opaque
    )
    name, value = authorization(
        challenge,
        username=username,
        password=password,
        method="REGISTER",
        uri="sip:carrier.example",
        cnonce=cnonce,
        body=body.encode(),
    )
    assert name == "Authorization"
    expected = {"username": username, "realm": realm, "nonce": nonce, "uri": "sip:carrier.example"}
    expected |= {"algorithm": algorithm.value, "cnonce": cnonce, "qop": qop, "nc": "00000001"}
    if opaque is not None:
        expected["opaque"] = opaque

    by_sipmessage = sipmessage.AuthCredentials.parse(value)
    assert by_sipmessage.scheme == "Digest"
    read = dict(by_sipmessage.parameters or {})
    response = read.pop("response")
    assert read == expected

    by_sippy: Any = SipAuthorization(value)
    by_sippy.parse()
    assert (by_sippy.username, by_sippy.realm, by_sippy.nonce) == (username, realm, nonce)
    assert (by_sippy.qop, by_sippy.nc, by_sippy.cnonce, by_sippy.response) == (
        qop,
        "00000001",
        cnonce,
        response,
    )
    by_sippy.genAuthResponse(password, "REGISTER", body)
    assert by_sippy.response == response


@given(
    realm=TEXTS,
    nonce=HEX,
    algorithm=st.none() | ALGORITHMS,
    qop=PROTECTIONS,
    stale=st.sampled_from([None, "true", "TRUE", "false"]),
    opaque=st.none() | HEX,
    spaces=st.sampled_from([", ", ",", " , "]),
)
def test_challenges(
    realm: str,
    nonce: str,
    algorithm: Algorithm | None,
    qop: str,
    stale: str | None,
    opaque: str | None,
    spaces: str,
) -> None:
    parameters = [f'realm="{realm}"', f'nonce="{nonce}"', f'qop="{qop}"']
    parameters += [f"algorithm={algorithm.value}"] if algorithm else []
    parameters += [f"stale={stale}"] if stale else []
    parameters += [f'opaque="{opaque}"'] if opaque else []
    value = "Digest " + spaces.join(parameters)
    choice = choose([value], [])
    assert isinstance(choice, tuple)
    ours = choice[0]
    theirs = sipmessage.AuthChallenge.parse(value).parameters
    assert (ours.realm, ours.nonce, ours.opaque) == (
        theirs["realm"],
        theirs["nonce"],
        theirs.get("opaque"),
    )
    assert ours.algorithm == theirs.get("algorithm", "MD5")
    assert ours.qop == (theirs["qop"],)
    assert ours.stale == (theirs.get("stale", "").lower() == "true")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ('Digest realm="a,b", nonce="n"', "RFC 3261 §25.1 quoted-string: a comma inside one parts nothing"),
        ('Digest realm="r", nonce="n", qop="auth,auth-int"', "RFC 7616 §3.3: qop is a list in quotes"),
    ],
)
def test_where_sipmessage_is_wrong_on_challenges(value: str, why: str) -> None:
    assert isinstance(choose([value], []), tuple)
    with pytest.raises(ValueError, match="not valid"):
        sipmessage.AuthChallenge.parse(value)


def test_where_sippy_is_wrong_on_credentials() -> None:
    """RFC 3261 §25.1 quoted-string: a comma inside one parts nothing; it takes a realm for two parameters."""
    challenge = Challenge(proxy=False, realm="a,b", nonce="n", algorithm=Algorithm.MD5)
    _, value = authorization(
        challenge, username="u", password="p", method="REGISTER", uri="sip:x", cnonce="c"
    )
    theirs: Any = SipAuthorization(value)
    with pytest.raises(ValueError, match="not enough values"):
        theirs.parse()


@given(
    secure=st.booleans(),
    user=st.none() | USERS,
    host=HOSTS,
    port=st.none() | st.integers(1, 65535),
    params=st.lists(
        st.sampled_from(["transport=tcp", "lr", "user=phone", "maddr=192.0.2.7", "x-own=1"]), unique=True
    ),
)
def test_uris(secure: bool, user: str | None, host: str, port: int | None, params: list[str]) -> None:
    """RFC 3261 §19.1: written by us, read by both, and read by us as they do."""
    text = str(SipUri(host=host, port=port, user=user, secure=secure)) + "".join(
        f";{each}" for each in params
    )
    ours = SipUri.parse(text)
    assert (ours.host, ours.port, ours.user, ours.secure) == (host, port, user, secure)

    by_sipmessage = sipmessage.URI.parse(text)
    assert (by_sipmessage.host.strip("[]"), by_sipmessage.port, by_sipmessage.user) == (host, port, user)
    assert by_sipmessage.scheme == ("sips" if secure else "sip")
    assert dict(by_sipmessage.parameters) == dict(ours.params)

    by_sippy: Any = SipURL(text)
    assert (by_sippy.host.strip("[]"), by_sippy.port) == (host, port)
    assert by_sippy.scheme == ("sips" if secure else "sip")
    assert (by_sippy.transport, by_sippy.lr) == (ours.params.get("transport"), "lr" in ours.params)
    if user is None or ";" not in user:  # what it is wrong on, below
        assert by_sippy.username == user


def test_where_sippy_is_wrong_on_uris() -> None:
    """RFC 3261 §19.1.1, `user`: a semicolon belongs to the user part; it splits it off."""
    uri: Any = SipURL("sip:+1;phone-context=x@h.example")
    assert uri.username == "+1"
    assert SipUri.parse("sip:+1;phone-context=x@h.example").user == "+1;phone-context=x"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SIP:a@h.example", "§19.1.4: the scheme is compared without case"),
        ("sip:a@h.example?subject=x", "§19.1.1: a URI may have headers"),
        ("sip:a@h2", "§25.1 toplabel: a letter, and then digits too"),
    ],
)
def test_where_sipmessage_is_wrong_on_uris(text: str, why: str) -> None:
    assert SipUri.parse(text).user == "a", why
    with pytest.raises(ValueError, match="not valid"):
        sipmessage.URI.parse(text)
