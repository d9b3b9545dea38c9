"""Challenges as carriers send them: several, sloppy, strange (RFC 3261 §20.27, RFC 7616 §3.3, RFC 8760)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcheck.auth.authorization import authorization, read_authorization
from sipcheck.auth.challenge import Challenge, choose
from sipcheck.auth.digest import Algorithm
from sipcheck.failure import Failure
from sipcheck.reasons import Reason
from tests.fuzzing import examples


def chosen(*values: str, realms: tuple[str, ...] = ()) -> Challenge:
    choice = choose(values, (), realms=realms)
    assert isinstance(choice, tuple), choice
    return choice[0]


def refused(*values: str, realms: tuple[str, ...] = ()) -> Failure:
    choice = choose(values, (), realms=realms)
    assert isinstance(choice, Failure), choice
    return choice


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ('Digest realm="r", nonce="n"', Challenge(False, "r", "n", Algorithm.MD5, algorithm_named=False)),
        (
            'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"',
            Challenge(False, "r", "n", Algorithm.MD5, ("auth",)),
        ),
        (
            'digest REALM="r",NONCE="n",Algorithm="md5",QOP=auth',
            Challenge(False, "r", "n", Algorithm.MD5, ("auth",)),
        ),
        (
            'Digest realm="r", nonce="n", qop="auth-int, auth", algorithm=SHA-256',
            Challenge(False, "r", "n", Algorithm.SHA_256, ("auth", "auth-int")),
        ),
        (
            'Digest realm="r", nonce="n", qop="auth-int", algorithm=SHA-512-256-sess',
            Challenge(False, "r", "n", Algorithm.SHA_512_256_SESS, ("auth-int",)),
        ),
        (
            'Digest realm="a, b=\\"c\\"", nonce="n,=", opaque="o", stale=TRUE, algorithm=MD5',
            Challenge(False, 'a, b=\\"c\\"', "n,=", Algorithm.MD5, opaque="o", stale=True),
        ),
        (
            'Digest realm="r", nonce="n", domain="sip:a sip:b", charset=UTF-8, unknown=1, algorithm=MD5',
            Challenge(False, "r", "n", Algorithm.MD5),
        ),
        ("Digest realm=r, nonce=n, algorithm=MD5", Challenge(False, "r", "n", Algorithm.MD5)),
        ('Digest realm = "r" , nonce = "n" , algorithm = MD5', Challenge(False, "r", "n", Algorithm.MD5)),
        ('Digest ,, realm="r",, nonce="n", algorithm=MD5,', Challenge(False, "r", "n", Algorithm.MD5)),
        ('Digest realm="", nonce="n", algorithm=MD5', Challenge(False, "", "n", Algorithm.MD5)),
        # A list that is not quoted, and words without a value: what stands behind them counts.
        *(
            (
                f'Digest realm="r", nonce="n", {words}, algorithm=SHA-256, opaque="o"',
                Challenge(False, "r", "n", Algorithm.SHA_256, ("auth", "auth-int"), opaque="o"),
            )
            for words in (
                "qop=auth,auth-int",
                "qop=auth-int, auth",
                "qop=auth ,\tauth-int",
                "qop=x,auth,auth-int",
                'qop="auth,auth-int", stale',
                'qop="auth,auth-int", domain=sip:a, sip:b',
                'stale, qop="auth,auth-int", userhash',
            )
        ),
        (
            'Digest realm="r", qop=auth,auth-int, nonce="n"',
            Challenge(False, "r", "n", Algorithm.MD5, ("auth", "auth-int"), algorithm_named=False),
        ),
        ('Digest realm="r", nonce="n", algorithm=MD5,SHA-256', Challenge(False, "r", "n", Algorithm.MD5)),
        ('Digest realm="r", nonce="n", algorithm=MD5, stale', Challenge(False, "r", "n", Algorithm.MD5)),
    ],
)
def test_forms_that_are_understood(value: str, wanted: Challenge) -> None:
    assert chosen(value) == wanted


MD5 = 'Digest realm="r", nonce="md5", algorithm=MD5'
SHA_256 = 'Digest realm="r", nonce="sha256", algorithm=SHA-256'
SHA_512 = 'Digest realm="r", nonce="sha512", algorithm=SHA-512-256'
UNKNOWN = 'Digest realm="r", nonce="x", algorithm=AKAv1-MD5'


@pytest.mark.parametrize(
    ("values", "nonce"),
    [
        ((MD5, SHA_256), "sha256"),
        ((SHA_256, SHA_512, MD5), "sha512"),
        ((f"{MD5}, {SHA_256}",), "sha256"),
        ((f"{UNKNOWN}, {MD5}",), "md5"),
        (('Basic realm="r"', MD5), "md5"),
        (("Negotiate", MD5), "md5"),
        ((f"Negotiate, {MD5}",), "md5"),
        ((f"NTLM, {MD5}",), "md5"),
        ((f"{MD5}, Negotiate, {SHA_256}",), "sha256"),
        ((f"{MD5}, Negotiate",), "md5"),
        ((f'{MD5}, Basic realm="r", {SHA_256}',), "sha256"),
        ((f'{MD5}, X-Own realm="r", flag, {SHA_256}',), "sha256"),
        ((f"{MD5}, Bearer, {SHA_256}",), "sha256"),
        (('Digest realm="broken', MD5), "md5"),
    ],
)
def test_the_strongest_known_one_is_answered(values: tuple[str, ...], nonce: str) -> None:
    """RFC 8760 §2.4; unknown ones are skipped."""
    assert chosen(*values).nonce == nonce


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (('Basic realm="r"',), Reason.AUTH_SCHEME_UNSUPPORTED),
        (('Bearer realm="r"', "Negotiate"), Reason.AUTH_SCHEME_UNSUPPORTED),
        ((UNKNOWN,), Reason.AUTH_ALGORITHM_UNSUPPORTED),
        (('Digest realm="r", nonce="n", qop="auth-conf"',), Reason.AUTH_ALGORITHM_UNSUPPORTED),
        (('Digest realm="r"',), Reason.AUTH_CHALLENGE_MALFORMED),
        (('Digest nonce="n"',), Reason.AUTH_CHALLENGE_MALFORMED),
        (('Digest realm="r", nonce=""',), Reason.AUTH_CHALLENGE_MALFORMED),
        (('Digest realm="r", nonce="n',), Reason.AUTH_CHALLENGE_MALFORMED),
        (('Digest realm="r" nonce="n"',), Reason.AUTH_CHALLENGE_MALFORMED),
        (("Digest",), Reason.AUTH_CHALLENGE_MALFORMED),
        (("",), Reason.AUTH_CHALLENGE_MALFORMED),
        ((), Reason.AUTH_CHALLENGE_MALFORMED),
        (('Digest realm="r\\\r", nonce="n"',), Reason.AUTH_CHALLENGE_MALFORMED),
        (('Digest realm="r", nonce="n", algorithm=MD5-sess',), Reason.AUTH_CHALLENGE_MALFORMED),
    ],
)
def test_what_cannot_be_answered(values: tuple[str, ...], reason: Reason) -> None:
    assert refused(*values).reason is reason


def test_a_pinned_realm_chooses_among_several() -> None:
    values = ('Digest realm="evil", nonce="1", algorithm=SHA-256', 'Digest realm="mine", nonce="2"')
    assert chosen(*values, realms=("mine",)).nonce == "2"
    assert refused(*values, realms=("other",)).reason is Reason.REALM_MISMATCH


def test_a_realm_is_compared_without_its_escapes() -> None:
    assert chosen('Digest realm="a\\"b", nonce="n"', realms=('a"b',)).realm == 'a\\"b'


@pytest.mark.parametrize("value", ["CORP\\\\voice", "CORP\\\\v\\oice", "\\C\\ORP\\\\voice"])
def test_a_realm_has_one_name_whatever_is_escaped_in_it(value: str) -> None:
    """RFC 3261 §25.1: what a quoted-pair stands for is the value; it is hashed and sent back as it came."""
    choice = chosen(f'Digest realm="{value}", nonce="n"', realms=("CORP\\voice",))
    assert (choice.realm, choice.realm_name) == (value, "CORP\\voice")


def test_realms_are_told_in_the_form_in_which_they_are_entered() -> None:
    detail = refused('Digest realm="CORP\\\\voice", nonce="n"', realms=("CORP\\other",)).detail
    assert detail == "the realm is 'CORP\\voice', expected 'CORP\\other'"


def test_both_kinds_are_answered() -> None:
    choice = choose((MD5,), (SHA_256,))
    assert isinstance(choice, tuple)
    assert [(each.proxy, each.nonce) for each in choice] == [(False, "md5"), (True, "sha256")]


def answer(challenge: Challenge, username: str = "alice") -> tuple[str, str]:
    return authorization(
        challenge, username=username, password="secret", method="REGISTER", uri="sip:x", cnonce="c"
    )


def test_the_shape_of_an_answer() -> None:
    """RFC 7616 §3.4: nc, qop and algorithm without quotes; realm, nonce and opaque as they came."""
    name, value = answer(Challenge(True, 'a\\"b', "n", Algorithm.SHA_256, ("auth",), opaque="o,p"))
    assert name == "Proxy-Authorization"
    for part in (
        'realm="a\\"b"',
        'nonce="n"',
        'opaque="o,p"',
        "algorithm=SHA-256",
        "qop=auth",
        "nc=00000001",
    ):
        assert part in value
    assert "secret" not in value


def test_what_was_not_offered_is_not_sent() -> None:
    name, value = answer(chosen('Digest realm="r", nonce="n"'))
    assert name == "Authorization"
    assert not any(word in value for word in ("qop", "nc=", "cnonce", "opaque", "algorithm"))


def test_a_username_cannot_break_out_of_its_quotes() -> None:
    _, value = answer(chosen(MD5), username='a", realm="evil')
    assert read_authorization(value)["realm"] == "r"


@pytest.mark.parametrize("value", ["Basic abc", "", 'Digest realm="x'])
def test_an_authorization_that_cannot_be_read(value: str) -> None:
    with pytest.raises(ValueError, match=r"scheme|cannot be read"):
        read_authorization(value)


@given(st.text(max_size=300), st.lists(st.text(max_size=100), max_size=3))
def test_nothing_a_peer_sends_raises(first: str, others: list[str]) -> None:
    """docs/design/sip.md, requirement 25, for challenges."""
    choose([f"Digest {first}", first, *others], others)


@given(
    st.lists(
        st.sampled_from(
            [
                "Digest ",
                "Basic ",
                'realm="r"',
                'nonce="n"',
                "qop=",
                '"auth"',
                ",",
                "=",
                '"',
                "\\",
                "algorithm=MD5",
                " ",
            ]
        ),
        max_size=30,
    )
)
def test_no_jumble_of_tokens_raises(parts: list[str]) -> None:
    choice = choose(["".join(parts)], ())
    assert isinstance(choice, tuple | Failure)


_WORDS = st.sampled_from(
    ["realm", "nonce", "qop", "algorithm", "opaque", "stale", "domain", "Nonce", "xnonce"]
)
_VALUES = st.one_of(
    st.sampled_from(
        ['"auth"', '"auth,auth-int"', "MD5", "SHA-256", "sha-512-256", "token", "TRUE", '"a, nonce="', '""']
    ),
    st.text('abc019 =,;/+._-"\\\x01\xff', max_size=8).map(lambda text: f'"{text}"'),
)


@settings(max_examples=examples(1000), deadline=None)
@given(
    st.lists(st.tuples(_WORDS, _VALUES), max_size=5),
    st.sampled_from([", ", ",", " , "]),
    st.text("ab+/=", max_size=4),
)
def test_what_is_remembered_of_a_challenge_reads_the_next_one_right(
    pairs: list[tuple[str, str]], separator: str, nonce: str
) -> None:
    """A leading blank means nothing by the grammar (RFC 7235 §2.1), and keeps a challenge from being remembered."""
    for fresh in (nonce, "first", "second/+=="):
        parameters = [f"{name}={value}" for name, value in [*pairs, ("nonce", f'"{fresh}"')]]
        value = f"Digest {separator.join(parameters)}"
        assert choose((value,), ()) == choose((f" {value}",), ())
        assert choose((), (value,)) == choose((), (f" {value}",))
