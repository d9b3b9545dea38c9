"""Which challenges LiveKit's SIP service answers, and with what."""

import hashlib
import re
import secrets
from dataclasses import dataclass

from tests.peers.livekit.sip_status import failed

_PARAMETER = re.compile(r' *([A-Za-z0-9-]*) *= *(?:"((?:[^"\\]|\\.)*)"|([^", ]*)) *(?:,|$)')
_HASHES = {"": "md5", "MD5": "md5", "SHA-256": "sha256", "SHA-512": "sha512", "SHA-512-256": "sha512_256"}


@dataclass(frozen=True, slots=True)
class Account:
    """Whom to answer for."""

    username: str
    password: str


def answer(challenge: str, account: Account, method: str, uri: str) -> str:
    """Give the credentials for the first challenge. Raises Refusal for one that it cannot answer."""
    if not challenge.startswith("Digest "):
        raise failed(f'invalid challenge "{challenge}": digest: invalid challenge prefix')
    given = _parameters(challenge.removeprefix("Digest "))
    algorithm = given.get("algorithm", "")
    name = _HASHES.get(algorithm.upper())
    if name is None:
        raise failed(f'digest: unsupported algorithm: "{algorithm}"')
    qop = _qop(given)

    def digest(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    realm, nonce = given.get("realm", ""), given.get("nonce", "")
    hidden = given.get("userhash", "").lower() == "true"
    cnonce = secrets.token_hex(8)
    # It has no body at hand, and hashes an empty one.
    what = f"{method}:{uri}" + (f":{digest('')}" if qop == "auth-int" else "")
    middle = f"00000001:{cnonce}:{qop}:" if qop else ""
    response = digest(
        f"{digest(f'{account.username}:{realm}:{account.password}')}:{nonce}:{middle}{digest(what)}"
    )
    told = {
        "username": f'"{digest(f"{account.username}:{realm}") if hidden else account.username}"',
        "realm": f'"{realm}"',
        "nonce": f'"{nonce}"',
        "uri": f'"{uri}"',
        **({"cnonce": f'"{cnonce}"', "qop": qop, "nc": "00000001"} if qop else {}),
        **({"algorithm": algorithm} if algorithm else {}),
        **({"opaque": f'"{given["opaque"]}"'} if given.get("opaque") else {}),
        **({"userhash": "true"} if hidden else {}),
        "response": f'"{response}"',
    }
    return "Digest " + ", ".join(f"{name}={value}" for name, value in told.items())


def _parameters(text: str) -> dict[str, str]:
    """Read `name=value` with commas between; names keep their case, and nothing may follow a comma but a parameter."""
    found, place = {}, 0
    while place < len(text):
        match = _PARAMETER.match(text, place)
        if match is None:
            raise failed(f'invalid challenge "Digest {text}"')
        found[match[1]] = match[2] if match[2] is not None else match[3]
        place = match.end()
    if text.rstrip().endswith(","):
        raise failed(f'invalid challenge "Digest {text}"')
    return found


def _qop(given: dict[str, str]) -> str:
    if "qop" not in given:
        return ""
    offered = given["qop"].split(",")
    for qop in ("auth", "auth-int"):
        if qop in offered:
            return qop
    raise failed(f'digest: unsupported qop: "{given["qop"]}"')
