"""From the rows of a trunk to the blueprint of its sides."""

from sipcheck.errors import TargetInvalid
from sipcheck.guard import Guard
from sipcheck.host import is_address
from sipcheck.target import parse_host_port
from trunks.repositories.provisions import ProvisionParts
from trunks.voice.blueprint import Blueprint, Leading


def draw(parts: ProvisionParts, leading: Leading) -> Blueprint | None:
    """Copy what is wanted from the rows; None when nothing is: the customer's switch is off, or the trunk is gone."""
    trunk, profile = parts.trunk, parts.profile
    if trunk is None or not trunk.wanted:
        return None
    gateway = trunk.gateways[0]
    return Blueprint(
        trunk_id=trunk.id,
        profile=profile,
        numbers=parts.numbers if profile.extension is None else (profile.extension,),
        host=gateway.host,
        port=gateway.port,
        transport=gateway.transport,
        outbound_proxy=trunk.outbound_proxy,
        username=trunk.username,
        sealed_password=trunk.sealed_password,
        egress=leading.egress,
        pin_edges=leading.pin_edges,
        forbidden=_is_forbidden(gateway.host, leading.guard),
        way=None if parts.way is None else parts.way.now(trunk),
        keeps_former=parts.provision.keeps_former,
        plain_list=parts.provision.plain_list,
        called_as=None if profile.extension is None else parts.called_as,
        environment_id=trunk.environment_id,
        revision=parts.provision.revision,
    )


def _is_forbidden(host: str, guard: Guard | None) -> bool:
    """Judge an address that stands for a host; what a name leads to is seen by runs and checks."""
    try:
        address = parse_host_port(host).host
    except TargetInvalid:
        return False
    return guard is not None and is_address(address) and guard.judge_address(address) is not None
