"""The installation's own keys, opened once a process."""

import base64
import secrets
import threading

from trunks.clock import Clock, utc_now
from trunks.ids import new_id
from trunks.models.installation_key import InstallationKey, KeyName
from trunks.repositories.installation_keys import InstallationKeys
from trunks.secrets.answer_box import AnswerBox
from trunks.secrets.credential_key import CredentialHash
from trunks.secrets.request_hash import RequestHash
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database

_KEY_BYTES = 32


class InstallationKeyring:
    """A stored key of its own, and not one derived from the secret keys: those come and go with rotations."""

    def __init__(self, database: Database, secret_box: SecretBox, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._secrets = secret_box
        self._clock = clock
        self._lock = threading.Lock()
        self._opened: dict[KeyName, bytes] = {}

    def credential_hash(self) -> CredentialHash:
        """Open the key of frozen credentials, made by whoever needs it first. Raises SecretUnreadable."""
        return CredentialHash(self._open(KeyName.CREDENTIAL_FREEZE))

    def request_hash(self) -> RequestHash:
        """Open the key of requests that may come twice. Raises SecretUnreadable."""
        return RequestHash(self._open(KeyName.IDEMPOTENT_REQUEST))

    def answer_box(self) -> AnswerBox:
        """Open the key of answers that are kept for requests that may come twice. Raises SecretUnreadable."""
        return AnswerBox(self._open(KeyName.KEPT_ANSWER))

    def _open(self, name: KeyName) -> bytes:
        with self._lock:
            if name not in self._opened:
                row = self._find(name) or self._make(name)
                self._opened[name] = base64.b64decode(self._secrets.open(row.sealed, row.id))
            return self._opened[name]

    def _find(self, name: KeyName) -> InstallationKey | None:
        with self._database.read() as session:
            return InstallationKeys(session).named(name)

    def _make(self, name: KeyName) -> InstallationKey:
        row_id = new_id()
        material = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")
        sealed = self._secrets.seal(material, row_id)
        with self._database.write() as session:
            return InstallationKeys(session).ensure(name, row_id=row_id, sealed=sealed, now=self._clock())
