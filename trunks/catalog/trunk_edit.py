"""What a customer changes about a trunk, judged already by the dialect that it came in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from sipcheck.target import HostPort, TransportName
from trunks.catalog.new_trunk import NewGateway, NewNumber


class Unset(Enum):
    """Stands for a field that an edit leaves as it is; null would clear it."""

    UNSET = "kept"


UNSET = Unset.UNSET
_Unset = Literal[Unset.UNSET]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkEdit:
    """`domain`, `port` and `transport` are the first gateway's; `gateways` and `numbers` replace all there are.

    `profile` has the fields of trunks.rules.profile.TrunkProfile that change.
    """

    name: str | _Unset = UNSET
    provider_name: str | _Unset = UNSET
    domain: str | _Unset = UNSET
    port: int | _Unset | None = UNSET
    transport: TransportName | _Unset = UNSET
    gateways: tuple[NewGateway, ...] | _Unset = UNSET
    username: str | _Unset | None = UNSET
    password: str | _Unset | None = field(default=UNSET, repr=False)
    outbound_proxy: HostPort | _Unset | None = UNSET
    auth_realm: str | _Unset | None = UNSET
    wanted: bool | _Unset = UNSET
    health_interval_seconds: float | _Unset | None = UNSET
    profile: Mapping[str, Any] = field(default_factory=dict)
    numbers: tuple[NewNumber, ...] | _Unset = UNSET
