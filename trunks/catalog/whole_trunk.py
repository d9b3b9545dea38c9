"""A trunk's rows, read as the rules of the whole trunk take them."""

from sipcheck.target import HostPort, TransportName, parse_host_port
from trunks.models.trunk import Gateway, Trunk
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
        places=tuple(map(_place_of, trunk.gateways)),
        fixed_egress=profile.fixed_egress,
        outbound_proxy=trunk.outbound_proxy,
    )


def _place_of(gateway: Gateway) -> HostPort:
    port = gateway.port or (gateway.transport or TransportName.UDP).default_port
    return HostPort(parse_host_port(gateway.host).host, port)
