"""How a trunk's calls leave, as its customer is shown it."""

from dataclasses import dataclass
from datetime import datetime

from trunks.models.provision import ProvisionState
from trunks.models.trunk import Trunk
from trunks.repositories.trunk_profiles import TrunkParts
from trunks.rules.outbound_way import parked_way, unverified_way
from trunks.rules.way_evidence import OutboundWay
from trunks.voice.provisioner import FailureCause

_WITHHELD = (
    "The carrier rejected the password, so calls do not send it; enter the right one, or verify the trunk once "
    "the carrier takes it."
)


@dataclass(frozen=True, slots=True)
class ShownWay:
    """`way` is None where no outbound side stands, or one that a former version made; `callable` is None where nobody
    knows.
    """

    way: OutboundWay | None
    proven_at: datetime | None
    callable: bool | None
    reason: str | None
    withholds_password: bool = False


def shown_way(trunk: Trunk, parts: TrunkParts) -> ShownWay:
    """Say how calls leave by what stands, and by what was found for the trunk as it is configured now."""
    if parts.sides.outbound is None:
        if parts.provisioned is ProvisionState.FAILED:
            reason = "It has no outbound side on the voice infrastructure; its events say why."
            return ShownWay(None, None, callable=False, reason=reason)
        waits = "Its outbound side is being made on the voice infrastructure." if parts.is_queued else None
        return ShownWay(None, None, callable=None, reason=waits)
    if parts.provisioned is ProvisionState.FAILED:
        reason = "Its outbound side stands otherwise than is wanted; its events say why."
        return ShownWay(
            None, None, callable=False if parts.cause is FailureCause.NO_WAY else None, reason=reason
        )
    if parts.keeps_former:
        reason = "Its outbound side was made before ways of calls were looked for, and stands as it was made."
        return ShownWay(None, None, callable=None, reason=reason)
    if parts.way_waits or (parts.is_queued and parts.provisioned_generation != trunk.generation):
        reason = "Its outbound side stands as it was before, and is not written anew yet."
        return ShownWay(None, None, callable=None, reason=reason)
    found = None if parts.way is None else parts.way.now(trunk)
    way = found or _unverified(trunk, parts)
    proven_at = (
        parts.way.at if parts.way is not None and found is not None and way.proof is not None else None
    )
    if parts.withheld_of == trunk.generation:
        return ShownWay(way, proven_at, callable=False, reason=_WITHHELD, withholds_password=True)
    return ShownWay(way, proven_at, callable=way.callable, reason=way.reason)


def _unverified(trunk: Trunk, parts: TrunkParts) -> OutboundWay:
    """What stands is ended at once where nothing may be called there, or no proven address is known that may: the write
    that parked it says why.
    """
    if parts.cause is FailureCause.NO_WAY and parts.error is not None:
        return parked_way(parts.error)
    return unverified_way(trunk.outbound_proxy, pin_edges=parts.cause is FailureCause.NO_WAY)
