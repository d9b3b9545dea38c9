"""What a customer changes about a trunk, judged already by the dialect that it came in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal
from uuid import UUID

from sipcheck.diagnosis.evidence import Proof
from sipcheck.target import HostPort, TransportName
from trunks.catalog.new_trunk import NewGateway, NewNumber


class Unset(Enum):
    """Stands for a field that an edit leaves as it is; null would clear it."""

    UNSET = "kept"


UNSET = Unset.UNSET
_Unset = Literal[Unset.UNSET]


@dataclass(frozen=True, slots=True)
class NewLine:
    """What a trunk's line becomes, in the place of one number, which is None where the line is none or an extension.

    `number` is None for an extension, which is the profile's. All other numbers of the trunk stay.
    """

    replaced: UUID | None
    number: NewNumber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkEdit:
    """`domain` and `port` are the first gateway's, `transport` is all gateways'; `gateways` and `numbers` replace all
    there are.

    `profile` has the fields of trunks.rules.profile.TrunkProfile that change. `name_is_unique` says that no other
    trunk may have the name.
    """

    name: str | _Unset = UNSET
    name_is_unique: bool = False
    provider_name: str | _Unset = UNSET
    domain: str | _Unset = UNSET
    port: int | _Unset | None = UNSET
    transport: TransportName | _Unset = UNSET
    gateways: tuple[NewGateway, ...] | _Unset = UNSET
    username: str | _Unset | None = UNSET
    password: str | _Unset | None = field(default=UNSET, repr=False)
    outbound_proxy: HostPort | _Unset | None = UNSET
    auth_realm: str | _Unset | None = UNSET
    proof: Proof | _Unset = UNSET
    wanted: bool | _Unset = UNSET
    health_interval_seconds: float | _Unset | None = UNSET
    profile: Mapping[str, Any] = field(default_factory=dict)
    numbers: tuple[NewNumber, ...] | _Unset = UNSET
    line: NewLine | _Unset = UNSET
