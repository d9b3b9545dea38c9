"""Identifiers: uuid7, so that they sort by their time of birth."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Make an id that sorts after those made before it (RFC 9562 §5.7)."""
    return uuid7()


def read_id(text: str) -> UUID | None:
    """Read an id in its canonical spelling; None for anything else."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None
