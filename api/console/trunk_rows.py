"""Trunks in a line each: how they stand and why, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.call import Call
from api.console.reasons import page_of_reason
from api.language.catalogs import marked, translated
from api.language.reports import said_verdict
from sipcheck.target import TransportName
from trunks.catalog.views import TrunkView
from trunks.health.latest_results import LastResult
from trunks.models.trunk import Gateway, Trunk
from trunks.rules.attention import Attention
from trunks.rules.trunk_state import HealthStatus

_NUMBERS = 2
_SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class Standing:
    """How a trunk stands, in a word or two; `kind` is how that is coloured."""

    word: str
    kind: str


@dataclass(frozen=True, slots=True)
class TrunkRow:
    """`certificate_days` is None where no certificate was seen, and negative for one that has ended."""

    id: UUID
    name: str
    provider: str
    place: str
    standing: Standing
    why: str
    numbers: Sequence[str]
    more_numbers: int
    certificate_days: int | None
    certificate_soon: bool
    checked_at: datetime | None


async def rows_of(call: Call, found: Sequence[tuple[Attention, TrunkView]]) -> list[TrunkRow]:
    """Write trunks in lines, with what the health checks said of those that are down."""
    down = {view.trunk.gateways[0].destination_id for _, view in found if view.trunk.health_down}
    latest = call.context.installation.health.latest
    checked = await call.context.threads.run(latest.last_results, down) if down else {}
    now = call.context.installation.clock()
    return [_row(view, checked, now) for _, view in found]


def _row(view: TrunkView, checked: Mapping[UUID, LastResult], now: datetime) -> TrunkRow:
    ends = view.certificate_expires_at
    days = None if ends is None else (ends - now).days
    return TrunkRow(
        id=view.id,
        name=view.trunk.name,
        provider=view.trunk.provider_name,
        place=place_of(view.trunk),
        standing=standing_of(view.trunk),
        why=why_of(view, checked.get(view.trunk.gateways[0].destination_id)),
        numbers=[each.normal for each in view.numbers[:_NUMBERS]],
        more_numbers=max(0, view.number_count - _NUMBERS),
        certificate_days=days,
        certificate_soon=days is not None and days < _SOON_DAYS,
        checked_at=view.last_health_check_at,
    )


def place_of(trunk: Trunk) -> str:
    """Say where a trunk leads, and how many ways more it has."""
    place = gateway_of(trunk.gateways[0])
    if len(trunk.gateways) == 1:
        return place
    return translated("{place} and {count} more").format(place=place, count=len(trunk.gateways) - 1)


def gateway_of(gateway: Gateway) -> str:
    """Say which server a gateway is, and how it is asked."""
    port = "" if gateway.port is None else f":{gateway.port}"
    return translated("{target} by {transport}").format(
        target=f"{gateway.host}{port}", transport=(gateway.transport or TransportName.UDP).upper()
    )


def standing_of(trunk: Trunk) -> Standing:
    if trunk.health_down:
        return Standing(marked("Down"), "bad")
    if not trunk.is_verified:
        return Standing(marked("Not verified"), "bad" if trunk.ever_verified else "look")
    if trunk.health_status is HealthStatus.DEGRADED:
        return Standing(marked("Degraded"), "look")
    return (
        Standing(marked("In use"), "good")
        if trunk.wanted
        else Standing(marked("Works, switched off"), "quiet")
    )


def why_of(view: TrunkView, checked: LastResult | None) -> str:
    """Say in words why a trunk stands as it does."""
    if view.trunk.health_down and checked is not None and not checked.alive:
        return page_of_reason(checked.reason).line
    if view.trunk.is_verified and view.trunk.health_status is HealthStatus.DEGRADED:
        return translated("It works, but not every address of the carrier answers.")
    run = view.last_verification
    if run is not None and run.summary:
        return said_verdict(run.sentences, run.summary, None).summary
    if view.trunk.is_verified:
        return translated("It was verified.")
    if view.trunk.ever_verified:
        return translated("It was changed since, and is not verified yet.")
    return translated("Not verified yet.")
