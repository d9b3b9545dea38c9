"""A trunk as it was before an edit and after it, for when the edit has to be taken back."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import CredentialState
from trunks.catalog.new_trunk import NewGateway
from trunks.models.phone_number import PhoneNumber
from trunks.models.state_columns import read_state
from trunks.models.trunk import Trunk
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.trunk_profiles import TrunkProfiles
from trunks.rules.profile import TrunkProfile
from trunks.rules.trunk_state import TrunkState

DESCRIBING = ("name", "provider_name", "health_interval_seconds", "proof")
CONNECTING = ("username", "sealed_password", "auth_realm", "outbound_proxy")

# Of a number; who uses it is not the edit's to say.
_OF_A_NUMBER = ("id", "environment_id", "key", "number", "e164", "country_code", "name", "created_at")

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TrunkSnapshot:
    """`numbers` are their columns by their ids; empty for an edit that changes none."""

    values: Values
    state: TrunkState
    credentials: CredentialState
    was_living: bool
    generation: int
    gateways: tuple[NewGateway, ...]
    profile: TrunkProfile
    numbers: Mapping[UUID, Values]

    def leads_as(self, other: "TrunkSnapshot") -> bool:
        """Whether the gateways are the same, in whichever order they were written."""
        return Counter(self.gateways) == Counter(other.gateways)


def copy_trunk(session: Session, trunk: Trunk, *, with_numbers: bool = False) -> TrunkSnapshot:
    """Copy a trunk; `with_numbers` where they are about to change, since there may be many."""
    numbers = PhoneNumbers(session).all_of([trunk.id]) if with_numbers else ()
    return TrunkSnapshot(
        values={name: getattr(trunk, name) for name in (*DESCRIBING, *CONNECTING)},
        state=read_state(trunk),
        credentials=trunk.credentials,
        was_living=trunk.living_generation == trunk.generation,
        generation=trunk.generation,
        gateways=tuple(
            NewGateway(host=each.host, port=each.port, transport=each.transport, priority=each.priority)
            for each in trunk.gateways
        ),
        profile=TrunkProfiles(session).of(trunk.id),
        numbers={each.id: number_values(each) for each in numbers},
    )


def number_values(number: PhoneNumber) -> Values:
    return {name: getattr(number, name) for name in _OF_A_NUMBER}


def profile_values(profile: TrunkProfile) -> Values:
    return {field.name: getattr(profile, field.name) for field in fields(profile)}


def to_restore(before: Values, after: Values, now: Values) -> dict[str, Any]:
    """The values that changed in between and still are what they became; what somebody wrote since is his."""
    return {
        name: value
        for name, value in before.items()
        if value != after.get(name) and now.get(name) == after.get(name)
    }
