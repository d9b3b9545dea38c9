"""What a customer changes about a trunk, judged already by the dialect that it came in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from sipcheck.target import HostPort, TransportName
from trunks.catalog.new_trunk import NewGateway, NewNumber


class Kept(Enum):
    """Stands for a field that an edit leaves as it is; null would clear it."""

    KEPT = "kept"


KEPT = Kept.KEPT
_Kept = Literal[Kept.KEPT]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkEdit:
    """`domain`, `port` and `transport` are the first gateway's; `gateways` and `numbers` replace all there are.

    `profile` has the fields of trunks.profile.TrunkProfile that change.
    """

    name: str | _Kept = KEPT
    provider_name: str | _Kept = KEPT
    domain: str | _Kept = KEPT
    port: int | _Kept | None = KEPT
    transport: TransportName | _Kept = KEPT
    gateways: tuple[NewGateway, ...] | _Kept = KEPT
    username: str | _Kept | None = KEPT
    password: str | _Kept | None = field(default=KEPT, repr=False)
    outbound_proxy: HostPort | _Kept | None = KEPT
    auth_realm: str | _Kept | None = KEPT
    wanted: bool | _Kept = KEPT
    health_interval_seconds: float | _Kept | None = KEPT
    profile: Mapping[str, Any] = field(default_factory=dict)
    numbers: tuple[NewNumber, ...] | _Kept = KEPT
