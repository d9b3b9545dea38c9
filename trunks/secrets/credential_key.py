"""How credentials are recognised without being kept: a keyed hash of what a carrier is sent."""

from trunks.secrets.keyed_hash import keyed_hash


class CredentialHash:
    """Hashes under a key of the installation, so that guesses cannot be tried against a copy of the store."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def key(self, domain: str, realm: str, username: str, secret: str) -> str:
        """Name these credentials; a change of any of the four gives another name."""
        return keyed_hash(self._key, "credentials", domain, realm, username, secret)

    def user_key(self, domain: str, username: str) -> str:
        """Name a user at a domain, whatever his secret."""
        return keyed_hash(self._key, "user", domain, username)

    def account_key(self, domain: str, username: str, secret: str) -> str:
        """Name them while the realm is not known yet."""
        return keyed_hash(self._key, "account", domain, username, secret)
