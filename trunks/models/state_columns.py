"""Between a trunk's row and the values that the rules work on."""

from trunks.models.trunk import Trunk
from trunks.rules.trunk_state import TrunkState


def read_state(trunk: Trunk) -> TrunkState:
    return TrunkState(
        wanted=trunk.wanted,
        is_verified=trunk.is_verified,
        health_down=trunk.health_down,
        health_status=trunk.health_status,
        was_verified=trunk.verified_generation == trunk.generation,
        failed_checks=trunk.failed_checks,
        answered_checks=trunk.answered_checks,
    )


def write_state(trunk: Trunk, state: TrunkState) -> None:
    """Set all of the state's columns, which one statement then stores; nobody sets one of them alone."""
    trunk.wanted = state.wanted
    trunk.is_verified = state.is_verified
    if state.is_verified:
        trunk.ever_verified = True
    trunk.health_down = state.health_down
    trunk.is_active = state.is_active
    trunk.health_status = state.health_status
    trunk.verified_generation = trunk.generation if state.was_verified else None
    trunk.failed_checks = state.failed_checks
    trunk.answered_checks = state.answered_checks
