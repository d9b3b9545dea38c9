"""Calls that are challenged: which challenges are answered, and how."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tests.livekit_contract.call_desk import CallDesk
from tests.livekit_contract.call_site import CallSite
from tests.livekit_contract.sip_peer import Heard, challenging, silent

USER: dict[str, Any] = {"auth_username": "alice", "auth_password": "secret"}
MD5 = 'Digest realm="r", nonce="n", algorithm=MD5'
PLAIN = 'Digest realm="r", nonce="n"'
_SHOWN = ("realm", "nonce", "qop", "algorithm")
_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512": "sha512", "SHA-512-256": "sha512_256"}


def credentials(heard: Heard) -> Sequence[str]:
    """Tell which header carries an answer, its parameters by name, and whether it is right."""
    for name in ("Authorization", "Proxy-Authorization"):
        for value in heard.header(name):
            told = dict(re.findall(r'([\w-]+)="?([^",]*)"?', value))
            shown = " ".join(f"{each}={told[each]}" if each in _SHOWN else each for each in told)
            right = "right" if _is_right(told, heard.body) else "wrong"
            return [f"{name}: {value.partition(' ')[0]} {shown}, {right}"]
    return ["without credentials"]


async def challenges_one_by_one(desk: CallDesk, site: CallSite) -> None:
    values = [
        PLAIN,
        MD5,
        'Digest realm="r", nonce="n", algorithm=md5',
        'Digest realm="r", nonce="n", algorithm="MD5"',
        'Digest realm="r", nonce="n", algorithm=SHA-256',
        'Digest realm="r", nonce="n", algorithm=SHA-512',
        'Digest realm="r", nonce="n", algorithm=SHA-512-256',
        'Digest realm="r", nonce="n", algorithm=MD5-sess, qop="auth"',
        'Digest realm="r", nonce="n", algorithm=SHA-256-sess, qop="auth"',
        'Digest realm="r", nonce="n", algorithm=AKAv1-MD5',
        'Digest realm="r", nonce="n", qop="auth"',
        'Digest realm="r", nonce="n", qop=auth',
        'Digest realm="r", nonce="n", qop="auth,auth-int"',
        'Digest realm="r", nonce="n", qop="auth-int,auth"',
        'Digest realm="r", nonce="n", qop="auth-int, auth"',
        'Digest realm="r", nonce="n", qop="auth-int"',
        'Digest realm="r", nonce="n", qop="token"',
        'Digest realm="r", nonce="n", opaque="o", stale=true',
        'Digest realm="r", nonce="n", userhash=true',
        'Digest realm="r",nonce="n"',
        'Digest  realm="r" , nonce="n"',
        'Digest realm="r", nonce="n",',
        'Digest realm = "r", nonce="n"',
        "Digest realm=r, nonce=n",
        'Digest REALM="r", NONCE="n"',
        'Digest nonce="n"',
        'Digest realm="r"',
        'digest realm="r", nonce="n"',
        'DIGEST realm="r", nonce="n"',
        'Basic realm="r"',
        'Bearer realm="r"',
        "",
    ]
    with site.peer("a", silent) as a:
        for value in values:
            a.conduct = challenging([("WWW-Authenticate", value)])
            await desk.call(a, address="{a}", tell=credentials, title=value, **USER)


async def challenges_of_several_headers(desk: CallDesk, site: CallSite) -> None:
    sha, sess = PLAIN + ", algorithm=SHA-256", PLAIN + ", algorithm=MD5-sess"
    for values in [
        [MD5, sha],
        [sha, MD5],
        [sess, MD5],
        ['Basic realm="r"', MD5],
        [MD5, 'Basic realm="r"'],
        [f"{sha}, {MD5}"],
        [f"{MD5}, {sha}"],
    ]:
        headers = [("WWW-Authenticate", value) for value in values]
        with site.peer("a", challenging(headers)) as a:
            await desk.call(a, address="{a}", tell=credentials, title=" || ".join(values), **USER)


async def a_proxys_challenge(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", challenging([("Proxy-Authenticate", MD5)], status=407)) as a:
        await desk.call(a, address="{a}", tell=credentials, **USER)
    for status, name in [(407, "WWW-Authenticate"), (401, "Proxy-Authenticate"), (401, "X-Other")]:
        with site.peer("a", challenging([(name, MD5)], status=status)) as a:
            await desk.call(a, address="{a}", tell=credentials, title=f"{status} with {name}", **USER)


async def a_wrong_password(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", challenging([("WWW-Authenticate", MD5)], times=99)) as a:
        await desk.call(a, address="{a}", tell=credentials, **USER)


async def nothing_to_answer_with(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", challenging([("WWW-Authenticate", MD5)])) as a:
        await desk.call(a, address="{a}", tell=credentials)
        await desk.call(a, address="{a}", tell=credentials, auth_username="alice")


async def the_uri_of_an_answer(desk: CallDesk, site: CallSite) -> None:
    def uri(heard: Heard) -> Sequence[str]:
        return re.findall(r'uri="[^"]*"', heard.text) or ["without credentials"]

    with site.peer("a", challenging([("WWW-Authenticate", MD5)])) as a:
        await desk.call(a, address="{a}", transport=1, tell=uri, to="+44 20", **USER)


def _is_right(told: dict[str, str], body: str) -> bool:
    name = _HASHES[told.get("algorithm", "MD5").upper()]

    def digest(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    user = f"{USER['auth_username']}:{told['realm']}"
    username = digest(user) if told.get("userhash") == "true" else USER["auth_username"]
    method = f"INVITE:{told['uri']}" + (f":{digest(body)}" if told.get("qop") == "auth-int" else "")
    middle = f"{told['nc']}:{told['cnonce']}:{told['qop']}:" if "qop" in told else ""
    response = digest(f"{digest(f'{user}:secret')}:{told['nonce']}:{middle}{digest(method)}")
    return (told["username"], told["response"]) == (username, response)


SCENARIOS: dict[str, Callable[[CallDesk, CallSite], Awaitable[None]]] = {
    scenario.__name__: scenario
    for scenario in [
        challenges_one_by_one,
        challenges_of_several_headers,
        a_proxys_challenge,
        a_wrong_password,
        nothing_to_answer_with,
        the_uri_of_an_answer,
    ]
}
