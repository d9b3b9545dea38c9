"""The digest response: what RFC 2617, RFC 7616 and RFC 8760 have one compute."""

import hashlib
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache, partial


class Algorithm(StrEnum):
    MD5 = "MD5"
    MD5_SESS = "MD5-sess"
    SHA_256 = "SHA-256"
    SHA_256_SESS = "SHA-256-sess"
    SHA_512_256 = "SHA-512-256"
    SHA_512_256_SESS = "SHA-512-256-sess"

    @property
    def session(self) -> bool:
        """Whether A1 is bound to nonce and cnonce (RFC 7616 §3.4.2)."""
        return self in _SESSION


HashFunction = Callable[[bytes], "hashlib._Hash"]

_SESSION = frozenset({Algorithm.MD5_SESS, Algorithm.SHA_256_SESS, Algorithm.SHA_512_256_SESS})


def _md5() -> HashFunction:
    """MD5 as this system gives it; a word more is said only where it must be, for it takes half as long again."""
    try:
        hashlib.md5(b"")  # noqa: S324 - what a peer of RFC 2617 asks for
    except ValueError:  # FIPS
        return partial(hashlib.md5, usedforsecurity=False)
    return hashlib.md5


# hashlib has a constructor for the first two, and knows the third by name alone.
_HASHES: dict[Algorithm, HashFunction] = {
    Algorithm.MD5: _md5(),
    Algorithm.MD5_SESS: _md5(),
    Algorithm.SHA_256: hashlib.sha256,
    Algorithm.SHA_256_SESS: hashlib.sha256,
    Algorithm.SHA_512_256: partial(hashlib.new, "sha512_256"),
    Algorithm.SHA_512_256_SESS: partial(hashlib.new, "sha512_256"),
}


def _hash(function: HashFunction, text: str) -> str:
    return function(encode(text)).hexdigest()


def encode(text: str) -> bytes:
    """Turn text back into the bytes it came as; the parser keeps those that are no UTF-8 as surrogates."""
    return text.encode("utf-8", "surrogateescape")


def digest(
    algorithm: Algorithm,
    username: str,
    realm: str,
    password: str,
    nonce: str,
    method: str,
    uri: str,
    qop: str | None,
    cnonce: str,
    nonce_count: str,
    body: bytes = b"",
) -> str:
    """Compute the response, in lower-case hexadecimal (RFC 7616 §3.4.1; without `qop`, RFC 2617 §3.2.2.1).

    `realm` and `nonce` are the raw text between their quotes; `nonce_count` is eight hexadecimal digits.
    """
    function = _HASHES[algorithm]
    secret = _hash(function, f"{username}:{realm}:{password}")
    if algorithm in _SESSION:
        secret = _hash(function, f"{secret}:{nonce}:{cnonce}")
    if qop == "auth-int":
        request = _hash(function, f"{method}:{uri}:{function(body).hexdigest()}")
    else:
        request = _hash_request(function, method, uri)
    protection = "" if qop is None else f":{nonce_count}:{cnonce}:{qop}"
    return _hash(function, f"{secret}:{nonce}{protection}:{request}")


@lru_cache(maxsize=1024)
def _hash_request(function: HashFunction, method: str, uri: str) -> str:
    """A2 without a body holds no secret, and all trunks of a carrier have the same."""
    return _hash(function, f"{method}:{uri}")
