"""The digest response: what RFC 2617, RFC 7616 and RFC 8760 have one compute."""

import hashlib
from enum import StrEnum


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
        return self.value.endswith("-sess")


_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


def _hash(algorithm: Algorithm, *parts: bytes) -> str:
    name = _HASHES[algorithm.removesuffix("-sess")]
    return hashlib.new(name, b":".join(parts), usedforsecurity=False).hexdigest()


def encode(text: str) -> bytes:
    """Turn text back into the bytes it came as; the parser keeps those that are no UTF-8 as surrogates."""
    return text.encode("utf-8", "surrogateescape")


def digest(
    *,
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
    secret = _hash(algorithm, encode(username), encode(realm), encode(password))
    if algorithm.session:
        secret = _hash(algorithm, secret.encode(), encode(nonce), encode(cnonce))
    request = [encode(method), encode(uri)]
    if qop == "auth-int":
        request.append(_hash(algorithm, body).encode())
    protection = [] if qop is None else [encode(nonce_count), encode(cnonce), encode(qop)]
    return _hash(algorithm, secret.encode(), encode(nonce), *protection, _hash(algorithm, *request).encode())
