"""A trunk's credentials, as a value that never shows its password."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sipcheck.errors import CredentialsInvalid
from sipcheck.reasons import Reason

# Awaited with the realm right before credentials leave; a Reason withholds them.
BeforeCredentials = Callable[[str], Awaitable[Reason | None]]

_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A trunk's credentials; `realms`, when given, are the only ones that are answered.

    `username` is the address-of-record's user, and the digest's too unless `auth_username` is given.
    `realms_learned` says that nobody configured them: they were seen proven before. Raises CredentialsInvalid
    for a username that no SIP header can carry, and for a password that is no text: half a character has no octets.
    """

    username: str
    password: str = field(repr=False)
    auth_username: str | None = None
    realms: tuple[str, ...] = ()
    realms_learned: bool = False

    def __post_init__(self) -> None:
        for name, value in (("username", self.username), ("auth-username", self.digest_username)):
            if not value or _UNSENDABLE.search(value):
                fault = "control" if value else "empty"
                raise CredentialsInvalid(f"credentials.{name}.{fault}", value=repr(value))
        if _SURROGATE.search(self.password):
            raise CredentialsInvalid("credentials.password.no-text")

    @property
    def digest_username(self) -> str:
        return self.auth_username or self.username
