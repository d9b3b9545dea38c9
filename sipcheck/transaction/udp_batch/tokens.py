"""Unguessable tokens by the thousand: one call to the system's randomness for many."""

import secrets
from collections.abc import Iterator

TOKEN_BYTES = 24  # hexadecimal digits: 96 bits of randomness
_POOL = 2048


def tokens() -> Iterator[bytes]:
    """Yield tokens for branch, tag and Call-ID (RFC 3261 §8.1.1.7, §19.3): no two alike, none foreseeable."""
    while True:
        pool = secrets.token_hex(_POOL * TOKEN_BYTES // 2).encode()
        for start in range(0, len(pool), TOKEN_BYTES):
            yield pool[start : start + TOKEN_BYTES]
