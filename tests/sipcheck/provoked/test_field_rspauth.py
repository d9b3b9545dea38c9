"""A server's own proof of the password: one that is wrong is told, and every right or absent one is no fault.

RFC 7616 §3.5, computed here by hashlib alone.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report, WarningCode
from sipcheck.auth.authorization import read_authorization
from tests.peers.kamailio import PASSWORD
from tests.peers.sip_reply import reply_to
from tests.sipcheck.provoked.field_rows import FieldRow, Script, assert_row, challenge, on_each_path

Headers = Sequence[tuple[str, str]]
# What a server says beside its 200, of the request's answer to a challenge.
Info = Callable[[dict[str, str]], Headers]

WRONG = "0" * 32
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256, "MD5-sess": hashlib.md5}


def rspauth(given: dict[str, str], qop: str | None, *, method: str = "", password: str = PASSWORD) -> str:
    algorithm = given.get("algorithm", "MD5")

    def h(text: str) -> str:
        return HASHES[algorithm](text.encode()).hexdigest()

    a1 = h(f"{given['username']}:{given['realm']}:{password}")
    if algorithm.endswith("-sess"):
        a1 = h(f"{a1}:{given['nonce']}:{given['cnonce']}")
    a2 = f"{method}:{given['uri']}" + (f":{h('')}" if qop == "auth-int" else "")
    protection = f":{given['nc']}:{given['cnonce']}:{qop}" if qop else ""
    return h(f"{a1}:{given['nonce']}{protection}:{h(a2)}")


def right(given: dict[str, str]) -> Headers:
    qop = given.get("qop")
    more = f', qop={qop}, cnonce="{given["cnonce"]}", nc={given["nc"]}' if qop else ""
    return [("Authentication-Info", f'rspauth="{rspauth(given, qop)}"{more}')]


def saying(value: str, name: str = "Authentication-Info") -> Info:
    return lambda _: [(name, value)]


def script(asked: tuple[str, str], info: Info, status: int = 200) -> Script:
    proxy = asked[0].startswith("Proxy")

    def answer(request: bytes) -> list[bytes]:
        lines = request.decode().split("\r\n")
        name = "Proxy-Authorization: " if proxy else "Authorization: "
        given = next((line.removeprefix(name) for line in lines if line.startswith(name)), None)
        if request.startswith(b"OPTIONS"):
            return [reply_to(request, 200)]
        if given is None:
            return [reply_to(request, 407 if proxy else 401, headers=[asked])]
        return [reply_to(request, status, headers=info(read_authorization(given)))]

    return answer


def asking(rest: str, name: str = "WWW-Authenticate") -> tuple[str, str]:
    return name, f'Digest realm="carrier.test", nonce="n0nce1"{rest}'


def proven(name: str, info: Info, asked: tuple[str, str] | None = None) -> FieldRow:
    return FieldRow(
        name=name,
        script=script(asked or challenge(), info),
        outcome=Outcome.VERIFIED,
        reason=Reason.CREDENTIALS_PROVEN,
        credentials=CredentialState.PROVEN,
        party=Party.NOBODY,
        exit_status=0,
        warnings=frozenset(),
        never_says=("rspauth",),
    )


def warned(name: str, info: Info, asked: tuple[str, str] | None = None) -> FieldRow:
    return replace(
        proven(name, info, asked),
        warnings=frozenset({WarningCode.RSPAUTH_WRONG}),
        says=("REGISTER was answered with 200 OK, and with an rspauth that does not fit the password",),
        never_says=(WRONG,),
    )


SHA = asking(', algorithm=SHA-256, qop="auth"')
ROWS = on_each_path(
    warned("wrong", saying(f'rspauth="{WRONG}"')),
    proven("right", right),
)
ROWS += [
    proven("none", lambda _: []),
    proven("nextnonce-alone", saying('nextnonce="n0nce2"')),
    proven("empty", saying('rspauth=""')),
    proven("no-rspauth-beside-a-qop", saying("qop=auth, nc=00000001")),
    proven("unknown-qop", saying(f'qop=auth-conf, rspauth="{WRONG}"')),
    proven("unreadable", saying(f'rspauth="{WRONG}", x="')),
    proven("another-header", saying(f'rspauth="{WRONG}"', "X-Authentication-Info")),
    proven("in-capitals", lambda given: [("authentication-info", f"rspauth={rspauth(given, 'auth').upper()}")]),
    proven("of-auth-int", lambda given: [
        ("Authentication-Info", f'rspauth="{rspauth(given, "auth-int")}", qop=auth-int')
    ]),
    proven("beside-a-nextnonce", lambda given: [
        ("Authentication-Info", f'nextnonce="n", rspauth="{rspauth(given, "auth")}"')
    ]),
    proven("without-qop", right, asking(", algorithm=MD5")),
    proven("without-qop-and-algorithm", right, asking("")),
    proven("sha-256", right, SHA),
    proven("session", right, asking(', algorithm=MD5-sess, qop="auth"')),
    proven("auth-int-asked", right, asking(', algorithm=MD5, qop="auth-int"')),
    proven("of-a-proxy", lambda given: [
        ("Proxy-Authentication-Info", f'rspauth="{rspauth(given, "auth")}"')
    ], challenge(proxy=True)),
    warned("wrong-of-a-proxy", saying(f'rspauth="{WRONG}"', "Proxy-Authentication-Info"), challenge(proxy=True)),
    warned("wrong-without-qop", saying(f'rspauth="{WRONG}"'), asking(", algorithm=MD5")),
    warned("wrong-of-sha-256", saying(f'rspauth="{WRONG}"'), SHA),
    warned("of-another-password", lambda given: [
        ("Authentication-Info", f'rspauth="{rspauth(given, "auth", password="another")}"')
    ]),
    warned("with-the-method-in-it", lambda given: [
        ("Authentication-Info", f'rspauth="{rspauth(given, "auth", method="REGISTER")}"')
    ]),
    replace(
        proven("on-a-refusal", saying(f'rspauth="{WRONG}"')),
        script=script(challenge(), saying(f'rspauth="{WRONG}"'), 480),
        outcome=Outcome.REACHABLE,
        reason=Reason.ALIVE_CREDENTIALS_UNPROVEN,
        cause=Cause.ACCEPTED_THEN_REFUSED,
        credentials=CredentialState.UNPROVEN,
        exit_status=4,
        warnings=frozenset({WarningCode.REGISTER_REFUSED}),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_is_said(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])


def test_a_servers_digest_is_redacted_as_ours_is(reports: Mapping[str, Report | Exception]) -> None:
    report = reports["wrong-of-sha-256-udp"]
    assert isinstance(report, Report)
    received = "".join(step.text for step in report.trace if step.direction == "received")
    assert "rspauth=<redacted>" in received
    assert WRONG not in received
