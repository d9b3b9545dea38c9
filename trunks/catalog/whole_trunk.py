"""A trunk's rows, read as the rules of the whole trunk take them."""

from trunks.models.trunk import Trunk
from trunks.rules.profile import TrunkProfile
from trunks.rules.whole_trunk import WholeTrunk


def read_whole(trunk: Trunk, profile: TrunkProfile, *, wide: bool) -> WholeTrunk:
    return WholeTrunk(
        authorization=profile.authorization,
        allowed_addresses=profile.allowed_addresses,
        media_encryption=profile.media_encryption,
        allow=profile.allow,
        disallow=profile.disallow,
        transports=tuple(gateway.transport for gateway in trunk.gateways),
        has_username=trunk.username is not None,
        allows_wide_lists=wide,
        has_password=trunk.sealed_password is not None,
    )
