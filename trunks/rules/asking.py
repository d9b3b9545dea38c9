"""Who asks in a health check, and what of it a peer's guard may count: pure functions (docs/design/sip.md)."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The account of a trunk that a check speaks as; `proven_here`: at this destination, as it is configured now."""

    trunk_id: UUID
    environment_id: UUID
    username: str
    proven_here: bool


def may_be_knock(asker: Asker | None) -> bool:
    """Whether a check asked as this account, or as nobody's, is one that a peer's guard may hold against us."""
    return asker is None or not asker.proven_here
