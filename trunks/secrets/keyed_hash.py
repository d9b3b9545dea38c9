"""A hash under a key of the installation: who has a copy of the store cannot try guesses against it."""

import hashlib
import hmac


def keyed_hash(key: bytes, *parts: str | bytes) -> str:
    """Hash the parts, in their order; lengths keep ("ab", "c") and ("a", "bc") apart."""
    message = b"".join(len(part).to_bytes(8, "big") + part for part in map(_encoded, parts))
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _encoded(part: str | bytes) -> bytes:
    # A peer's or a client's words may hold what is no character, lone surrogates too.
    return part if isinstance(part, bytes) else part.encode("utf-8", errors="surrogatepass")
