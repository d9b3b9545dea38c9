"""The first look at a datagram is never more generous than the parser (RFC 3261 §17.1.3, §7.3)."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcheck.dns.route import Edge
from sipcheck.message.parser import parse, plain_via
from sipcheck.target import HostPort, TransportName
from sipcheck.transaction.matching import ResponseMatcher, TransactionId
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.transaction.udp_batch.plain_response import PlainResponse, challenge_values, read_plain
from sipcheck.transaction.udp_batch.prepared_request import PreparedRequest
from tests.fuzzing import examples

BRANCH = b"0123456789abcdef01234567"
DIALOG = b"fedcba9876543210fedcba98"
REQUEST = PreparedRequest(
    Edge("192.0.2.1", "192.0.2.1", 5060, TransportName.UDP),
    RequestTemplate(
        method="REGISTER",
        request_uri="sip:carrier.example",
        from_uri="sip:alice@carrier.example",
        to_uri="sip:alice@carrier.example",
        call_id="x",
        from_tag="x",
        user_agent="test",
    ),
    HostPort("192.0.2.9", 40000),
)
VIA = b"Via: SIP/2.0/UDP 192.0.2.9:40000;rport=40000;received=192.0.2.9;branch=z9hG4bK" + BRANCH
FROM = b"From: <sip:alice@carrier.example>;tag=" + DIALOG
TO = b"To: <sip:alice@carrier.example>;tag=as5f3b"
CALL_ID = b"Call-ID: " + DIALOG
CSEQ = b"CSeq: 1 REGISTER"
LENGTH = b"Content-Length: 0"
CHALLENGE = b'WWW-Authenticate: Digest realm="carrier.example", nonce="Zm9v+/=", qop="auth", algorithm=MD5'
PLAIN = (b"SIP/2.0 401 Unauthorized", VIA, FROM, TO, CALL_ID, CSEQ, CHALLENGE, LENGTH)

SPELLINGS = {
    "kamailio": (
        b"SIP/2.0 200 OK",
        VIA,
        FROM,
        b"To: <sip:alice@carrier.example>;tag=77af2b1d4c0ad6f8d8ee-b27e",
        CALL_ID,
        CSEQ,
        b"Server: kamailio (5.6.3 (x86_64/linux))",
        LENGTH,
    ),
    "asterisk": (
        b"SIP/2.0 401 Unauthorized",
        VIA.replace(b";rport=40000;received=192.0.2.9", b";rport=40000;received=192.0.2.9"),
        CALL_ID,
        FROM,
        TO,
        CSEQ,
        b'WWW-Authenticate: Digest realm="asterisk",nonce="1700000000/0f",opaque="5ccc",algorithm=MD5,qop="auth"',
        b"Server: Asterisk PBX 20.5.0",
        LENGTH,
    ),
    "freeswitch": (
        b"SIP/2.0 403 Forbidden",
        b"Via: SIP/2.0/UDP 192.0.2.9:40000;rport=40000;branch=z9hG4bK" + BRANCH,
        FROM,
        TO,
        CALL_ID,
        CSEQ,
        b"User-Agent: FreeSWITCH-mod_sofia/1.10.10",
        b"Accept: application/sdp",
        b"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS",
        b"Supported: timer, path, replaces",
        b'Reason: Q.850;cause=21;text="CALL_REJECTED"',
        LENGTH,
    ),
}


def written(lines: tuple[bytes, ...]) -> bytes:
    return b"\r\n".join((*lines, b"", b""))


def look(data: bytes) -> PlainResponse | None:
    """Look as the batch does: first for the branch, then for the rest."""
    via = plain_via(data)
    if via is None or via[2] != BRANCH:
        return None
    return read_plain(data, via, REQUEST.first, DIALOG)


def glance(data: bytes) -> int | None:
    plain = look(data)
    return None if plain is None else plain[0]


def parser(data: bytes) -> int | None:
    identity = TransactionId(
        "REGISTER", "z9hG4bK" + BRANCH.decode(), 1, call_id=DIALOG.decode(), from_tag=DIALOG.decode()
    )
    response = ResponseMatcher(identity, "edge", REQUEST.local, None).read(data, REQUEST.remote)
    if response is None or response.vias[0].branch != identity.branch:
        return None
    return response.status


@pytest.mark.parametrize("lines", SPELLINGS.values(), ids=SPELLINGS)
def test_plain_answers_are_settled_at_a_glance(lines: tuple[bytes, ...]) -> None:
    data = written(lines)
    assert glance(data) == int(lines[0][8:11]) == parser(data)


@pytest.mark.parametrize(
    ("more", "at_a_glance"),
    [
        ([b"Xx: y"] * 55, True),
        ([b"Xx: y"] * 57, False),
        ([b"X" * 960 + b": y"], True),
        ([b"X" * 1024 + b": y"], False),
        ([b"X-%d: y" % number for number in range(9000)], False),
    ],
    ids=["many lines", "more lines than are remembered", "a long name", "a longer one", "a full datagram"],
)
def test_a_head_too_large_to_be_remembered_is_left_to_the_parser(
    more: list[bytes], at_a_glance: bool
) -> None:
    data = written((*PLAIN[:-1], *more, PLAIN[-1]))
    assert [glance(data), glance(data)] == ([401, 401] if at_a_glance else [None, None])
    assert parser(data) == 401


Change = Callable[[list[bytes], random.Random], object]
CHANGES: dict[str, Change] = {
    "dropped": lambda lines, chance: lines.pop(chance.randrange(len(lines))),
    "doubled": lambda lines, chance: lines.insert(chance.randrange(len(lines)), chance.choice(lines)),
    "swapped": lambda lines, chance: chance.shuffle(lines),
    "folded": lambda lines, chance: lines.insert(chance.randrange(1, len(lines)), b" folded"),
    "tabbed": lambda lines, chance: lines.insert(chance.randrange(1, len(lines)), b"\tx: y"),
    "compact": lambda lines, chance: lines.insert(
        1, chance.choice([b"v: " + VIA[5:], b"i: x", b"f: <sip:a>"])
    ),
    "lower": lambda lines, chance: lines.insert(1, chance.choice([VIA, CALL_ID, CSEQ, TO]).lower()),
    "second-via": lambda lines, chance: lines.insert(chance.randrange(1, 3), b"Via: SIP/2.0/UDP 192.0.2.7"),
    "comma-via": lambda lines, chance: lines.__setitem__(1, VIA + b", SIP/2.0/UDP 192.0.2.7"),
    "no-name": lambda lines, chance: lines.insert(chance.randrange(1, len(lines)), b"nonsense"),
    "bad-name": lambda lines, chance: lines.insert(1, b"Bad Name: x"),
    "length": lambda lines, chance: lines.__setitem__(
        -1, b"Content-Length: " + chance.choice([b"", b"1", b"-1", b"00", b"0 ", b"99999999999"])
    ),
    "cseq": lambda lines, chance: lines.append(chance.choice([b"CSeq: 2 REGISTER", b"CSeq: 1 OPTIONS"])),
    "to": lambda lines, chance: lines.__setitem__(
        3, chance.choice([TO + b";tag=x", TO + b"<", b"To: <sip:x"])
    ),
    "body": lambda lines, chance: lines.extend([b"", b"body"]),
    "lone-cr": lambda lines, chance: lines.insert(1, b"X: a\rb"),
    "bare-lf": lambda lines, chance: lines.insert(1, b"X: a\nCall-ID: other"),
    "start": lambda lines, chance: lines.__setitem__(
        0,
        chance.choice(
            [b"SIP/2.0 99 x", b"SIP/2.0 700 x", b"SIP/2.0 2000 OK", b"sip/2.0 200 OK", b"SIP/2.0 200"]
        ),
    ),
}


@settings(max_examples=examples(1000), deadline=None)
@given(
    st.sampled_from(list(SPELLINGS.values())),
    st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=3),
    st.randoms(use_true_random=False),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=2),
)
def test_what_passes_the_glance_the_parser_reads_the_same(
    lines: tuple[bytes, ...], changes: list[str], chance: random.Random, bytes_put: list[tuple[float, int]]
) -> None:
    changed = list(lines)
    for name in changes:
        if len(changed) > 4:
            CHANGES[name](changed, chance)
    data = bytearray(written(tuple(changed)))
    for where, value in bytes_put:
        data[int(where * (len(data) - 1))] = value
    status = glance(bytes(data))
    if status is not None:
        assert parser(bytes(data)) == status


@settings(max_examples=examples(1000), deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes(bytes_put: list[tuple[float, int]]) -> None:
    data = bytearray(written(PLAIN))
    for where, value in bytes_put:
        data[int(where * (len(data) - 1))] = value
    plain = look(bytes(data))
    if plain is None:
        return
    assert parser(bytes(data)) == plain[0]
    headers = parse(bytes(data)).headers
    www, proxy = challenge_values(plain)
    assert tuple(www) == headers.get_all("WWW-Authenticate")
    assert tuple(proxy) == headers.get_all("Proxy-Authenticate")


@pytest.mark.parametrize(
    "challenges",
    [
        [b'WWW-Authenticate: Digest realm="a", nonce="b"'],
        [b'www-authenticate:Digest realm="a", nonce="b" ', b'Www-Authenticate: Digest realm="c", nonce="d"'],
        [b'Proxy-Authenticate: \tDigest realm="a", nonce="b"'],
        [b'WWW-Authenticate: Digest realm="a"', b'PROXY-AUTHENTICATE: Digest realm="\xff"'],
        [b"WWW-Authenticate: Basic", b'WWW-Authenticate: Digest realm="uthenticate:"'],
        [],
    ],
)
def test_challenges_are_read_as_the_parser_reads_them(challenges: list[bytes]) -> None:
    data = written((*PLAIN[:6], *challenges, LENGTH))
    plain = look(data)
    assert plain is not None
    assert plain[0] == 401
    headers = parse(data).headers
    www, proxy = challenge_values(plain)
    assert tuple(www) == headers.get_all("WWW-Authenticate")
    assert tuple(proxy) == headers.get_all("Proxy-Authenticate")
