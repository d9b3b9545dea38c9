"""From the rows of a trunk to the blueprint of its sides."""

from sipcheck.guard import Guard
from trunks.models.trunk import Trunk
from trunks.repositories.provisions import ProvisionParts
from trunks.rules.forbidden_host import host_fault
from trunks.rules.outbound_way import forbidden_host_way
from trunks.rules.way_evidence import OutboundWay
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
        bar=_bar(trunk, leading.guard),
        way=None if parts.way is None else parts.way.now(trunk),
        keeps_former=parts.provision.keeps_former,
        plain_list=parts.provision.plain_list,
        called_as=None if profile.extension is None else parts.called_as,
        environment_id=trunk.environment_id,
        revision=parts.provision.revision,
    )


def _bar(trunk: Trunk, guard: Guard | None) -> OutboundWay | None:
    """Judge what stands for the host that calls go to; what a name leads to is seen by runs and checks."""
    fault = host_fault(trunk.outbound_proxy or trunk.gateways[0].host, guard)
    return None if fault is None else forbidden_host_way(fault)
