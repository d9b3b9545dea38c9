"""A hash under a key of the installation: who has a copy of the store cannot try guesses against it."""

import hashlib
import hmac


def keyed_hash(key: bytes, *parts: bytes) -> str:
    """Hash the parts, in their order; lengths keep ("ab", "c") and ("a", "bc") apart."""
    message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.new(key, message, hashlib.sha256).hexdigest()
