"""Who asks a peer for something, as the peer's guard and our own limits tell visitors apart."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A run of an environment, in the name of an account.

    `proven` says that the peer knows the account, with the password that the run has; `knows_password` that the run
    may send one.
    """

    environment_id: UUID | None
    account_key: str
    proven: bool
    knows_password: bool
