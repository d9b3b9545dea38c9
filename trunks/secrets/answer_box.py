"""Kept answers at rest: one may hold what is shown once, such as a webhook's secret or a link's address."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trunks.errors import SecretUnreadable

_NONCE_BYTES = 12  # NIST SP 800-38D §8.2


class AnswerBox:
    """Seals under a key of the installation, which a rotation of the secret keys leaves as it is."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, body: bytes, name: str) -> bytes:
        """Encrypt the answer to the request of this name: under another it does not open."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, body, name.encode("ascii"))

    def open(self, sealed: bytes, name: str) -> bytes:
        """Decrypt it. Raises SecretUnreadable."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode("ascii"))
        except (InvalidTag, ValueError) as error:
            raise SecretUnreadable from error
