"""How a request is recognised that comes again, without being kept: a body may hold a password."""

from uuid import UUID

from trunks.secrets.keyed_hash import keyed_hash


class RequestHash:
    """Hashes under a key of the installation."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def name(self, environment_id: UUID, method: str, path: str, idempotency_key: str) -> str:
        """Name the request: one key names another request for another tenant, method or path."""
        return keyed_hash(self._key, "name", str(environment_id), method, path, idempotency_key)

    def content(self, query: bytes, body: bytes) -> str:
        """Tell two contents under one name apart."""
        return keyed_hash(self._key, "content", query, body)
