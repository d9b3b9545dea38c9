"""Which trunks need a person: the order in which the console lists them."""

from enum import StrEnum


class Attention(StrEnum):
    """The first that holds; in the order in which they are listed."""

    FALLEN = "fallen"
    NEVER_WORKED = "never-worked"
    DEGRADED = "degraded"
    WELL = "well"


def attention_of(*, is_verified: bool, ever_verified: bool, health_down: bool, degraded: bool) -> Attention:
    """Say how much a trunk needs a person; trunks.models.trunk spells the same for the store."""
    if health_down or (ever_verified and not is_verified):
        return Attention.FALLEN
    if not is_verified:
        return Attention.NEVER_WORKED
    return Attention.DEGRADED if degraded else Attention.WELL
