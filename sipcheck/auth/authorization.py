"""Digest authentication: the answer to a challenge, and how it is read (RFC 3261 §22, RFC 7616)."""

from sipcheck.auth.challenge import Challenge, read_parameters
from sipcheck.auth.digest import digest

_FIRST_COUNT = "00000001"


def authorization(
    challenge: Challenge,
    *,
    username: str,
    password: str,
    method: str,
    uri: str,
    cnonce: str,
    nonce_count: int = 1,
    body: bytes = b"",
) -> tuple[str, str]:
    """Answer a challenge: the header's name and value.

    `uri` equals the Request-URI (RFC 3261 §22.4). Realm, nonce and opaque go back as they came; `nc`, `qop` and
    `algorithm` stand without quotes. The username is hashed as it is and escaped only on the wire.
    """
    qop = challenge.qop[0] if challenge.qop else None
    count = _FIRST_COUNT if nonce_count == 1 else f"{nonce_count:08x}"
    response = digest(
        challenge.algorithm,
        username,
        challenge.realm,
        password,
        challenge.nonce,
        method,
        uri,
        qop,
        cnonce,
        count,
        body,
    )
    value = (
        f'Digest username="{_escaped(username)}", realm="{challenge.realm}", nonce="{challenge.nonce}", '
        f'uri="{uri}", response="{response}"'
    )
    if challenge.algorithm_named:
        value += f", algorithm={challenge.algorithm.value}"
    if qop is not None:
        value += f', cnonce="{cnonce}", qop={qop}, nc={count}'
    if challenge.opaque is not None:
        value += f', opaque="{challenge.opaque}"'
    return "Proxy-Authorization" if challenge.proxy else "Authorization", value


def response_of(value: str) -> str:
    """The response in a value that `authorization` wrote, where no quoted text holds a quote unescaped."""
    return value.partition('response="')[2].partition('"')[0]


def read_authorization(value: str) -> dict[str, str]:
    """Read the parameters of a Digest Authorization value, raw. Raises ValueError for any other."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        raise ValueError(f"the scheme is {scheme[:20]!r}, not Digest")
    parameters, _, readable = read_parameters(rest)
    if not readable:
        raise ValueError("the parameters of the Authorization cannot be read")
    return parameters


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
