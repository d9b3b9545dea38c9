"""A trunk as it was, for when an edit has to be taken back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from sipcheck.target import parse_host_port
from trunks.catalog.gateways import make_gateway
from trunks.catalog.new_trunk import NewGateway, NewNumber
from trunks.catalog.phone_numbers import replace_numbers
from trunks.models.state_columns import read_state
from trunks.models.trunk import Trunk
from trunks.repositories.account_proofs import AccountProofs
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.trunk_profiles import TrunkProfiles
from trunks.repositories.trunks import Trunks
from trunks.rules.profile import TrunkProfile
from trunks.rules.trunk_state import Cause, TrunkState

_COLUMNS = (
    "name",
    "provider_name",
    "username",
    "sealed_password",
    "auth_realm",
    "outbound_proxy",
    "health_interval_seconds",
    "credentials",
)


@dataclass(frozen=True, slots=True)
class TrunkSnapshot:
    values: dict[str, Any]
    state: TrunkState
    was_living: bool
    generation: int
    gateways: tuple[NewGateway, ...]
    profile: TrunkProfile
    numbers: tuple[NewNumber, ...]


def copy_trunk(session: Session, trunk: Trunk) -> TrunkSnapshot:
    return TrunkSnapshot(
        values={name: getattr(trunk, name) for name in _COLUMNS},
        state=read_state(trunk),
        was_living=trunk.living_generation == trunk.generation,
        generation=trunk.generation,
        gateways=tuple(
            NewGateway(host=each.host, port=each.port, transport=each.transport, priority=each.priority)
            for each in trunk.gateways
        ),
        profile=TrunkProfiles(session).of(trunk.id),
        numbers=tuple(
            NewNumber(number=each.number, country_code=each.country_code, name=each.name)
            for each in PhoneNumbers(session).all_of([trunk.id])
        ),
    )


def restore_trunk(session: Session, trunk: Trunk, copy: TrunkSnapshot, now: datetime) -> None:
    """Give a trunk its former values, in a generation of their own: results for what was tried are void."""
    if trunk.generation != copy.generation:
        trunk.generation += 1
        AccountProofs(session).carry(trunk.id, copy.generation, to=trunk.generation)
    for name, value in copy.values.items():
        setattr(trunk, name, value)
    proxy = None if trunk.outbound_proxy is None else parse_host_port(trunk.outbound_proxy)
    trunk.gateways = [make_gateway(session, gateway, proxy, now) for gateway in copy.gateways]
    trunk.living_generation = trunk.generation if copy.was_living else None
    trunk.updated_at = now
    Trunks(session).change_state(trunk, copy.state, Cause.PROVISIONING, now)
    TrunkProfiles(session).keep(trunk.id, copy.profile)
    replace_numbers(session, trunk, copy.numbers, now)
