"""Secrets at rest: AES-256-GCM, bound to the row that holds them."""

import os
from collections.abc import Callable, Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trunks.errors import KeysUnusable, SecretUnreadable
from trunks.secrets.keys import SecretKey

_NONCE_BYTES = 12  # NIST SP 800-38D §8.2


class SecretBox:
    """Seals under the first key and opens under any; what it makes is key id length, key id, nonce, ciphertext."""

    def __init__(
        self, keys: Sequence[SecretKey], *, read_again: Callable[[], Sequence[SecretKey]] | None = None
    ) -> None:
        """Take keys, newest first; `read_again` is asked when a key is met that was made since."""
        self._read_again = read_again
        self._take(keys)

    def _take(self, keys: Sequence[SecretKey]) -> None:
        self._ciphers = {key.id: AESGCM(key.material) for key in keys}
        self._newest = keys[0]

    def seal(self, secret: str, row_id: UUID) -> bytes:
        """Encrypt for one row: moved to another row it does not open."""
        newest = self._newest
        key_id = newest.id.encode("ascii")
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(newest.material).encrypt(nonce, secret.encode("utf-8"), row_id.bytes)
        return bytes([len(key_id)]) + key_id + nonce + sealed

    def open(self, sealed: bytes, row_id: UUID) -> str:
        """Decrypt what was sealed for this row. Raises SecretUnreadable."""
        rest = sealed[1 + _key_id_length(sealed) :]
        key_id = self.key_id(sealed)
        if key_id not in self._ciphers and self._read_again is not None:
            try:
                self._take(self._read_again())
            except KeysUnusable as error:
                raise SecretUnreadable from error
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SecretUnreadable("The key that this secret was encrypted under is not among those at hand.")
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], row_id.bytes).decode("utf-8")
        except (InvalidTag, ValueError) as error:
            raise SecretUnreadable from error

    def key_id(self, sealed: bytes) -> str:
        """Name the key that a secret was sealed under."""
        return sealed[1 : 1 + _key_id_length(sealed)].decode("ascii", errors="replace")

    def has(self, key_id: str) -> bool:
        """Whether a key of this id is at hand."""
        return key_id in self._ciphers

    def is_newest(self, sealed: bytes) -> bool:
        """Whether a secret is sealed under the key that is in use now."""
        return self.key_id(sealed) == self._newest.id


def _key_id_length(sealed: bytes) -> int:
    return sealed[0] if sealed else 0
