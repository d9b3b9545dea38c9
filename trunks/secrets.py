"""Secrets at rest: AES-256-GCM, bound to the row that holds them."""

import os
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trunks.errors import SecretUnreadable
from trunks.keys import SecretKey

_NONCE_BYTES = 12  # NIST SP 800-38D §8.2


class SecretBox:
    """Seals under the first key and opens under any; what it makes is key id length, key id, nonce, ciphertext."""

    def __init__(self, keys: Sequence[SecretKey]) -> None:
        self._newest = keys[0]
        self._ciphers = {key.id: AESGCM(key.material) for key in keys}

    def seal(self, secret: str, row_id: UUID) -> bytes:
        """Encrypt for one row: moved to another row it does not open."""
        key_id = self._newest.id.encode("ascii")
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._newest.id].encrypt(nonce, secret.encode("utf-8"), row_id.bytes)
        return bytes([len(key_id)]) + key_id + nonce + sealed

    def open(self, sealed: bytes, row_id: UUID) -> str:
        """Decrypt what was sealed for this row. Raises SecretUnreadable."""
        length = sealed[0] if sealed else 0
        key_id, rest = sealed[1 : 1 + length], sealed[1 + length :]
        cipher = self._ciphers.get(key_id.decode("ascii", errors="replace"))
        if cipher is None:
            raise SecretUnreadable("The key that this secret was encrypted under is not among those at hand.")
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], row_id.bytes).decode("utf-8")
        except (InvalidTag, ValueError) as error:
            raise SecretUnreadable from error
