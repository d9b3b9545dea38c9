"""From the rows of a trunk to the blueprint of its sides."""

from sipcheck.guard import Guard
from trunks.models.trunk import Trunk
from trunks.repositories.outbound_ways import gateway_in_use
from trunks.repositories.provisions import ProvisionParts
from trunks.rules.forbidden_host import host_fault
from trunks.rules.outbound_way import astray_way, forbidden_host_way, forbidden_way
from trunks.rules.way_evidence import OutboundWay
from trunks.voice.blueprint import Blueprint, Leading


def draw(parts: ProvisionParts, leading: Leading) -> Blueprint | None:
    """Copy what is wanted from the rows; None when nothing is: the customer's switch is off, or the trunk is gone."""
    trunk, profile = parts.trunk, parts.profile
    if trunk is None or not trunk.wanted:
        return None
    gateway = gateway_in_use(trunk, parts.way)
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
        withholds_password=parts.is_withheld,
        bar=_bar(trunk, parts, leading.guard),
        way=None if parts.way is None else parts.way.now(trunk),
        keeps_former=parts.provision.keeps_former,
        plain_list=parts.provision.plain_list,
        called_as=None if profile.extension is None else parts.called_as,
        environment_id=trunk.environment_id,
        revision=parts.provision.revision,
    )


def _bar(trunk: Trunk, parts: ProvisionParts, guard: Guard | None) -> OutboundWay | None:
    """Judge the host that calls go to as it is written, and by what runs and checks saw of where it leads; a way that
    stands has taken that in already, unless its host was parked since.
    """
    host = trunk.outbound_proxy or gateway_in_use(trunk, parts.way).host
    fault = host_fault(host, guard)
    if fault is not None:
        return forbidden_host_way(fault)
    found = parts.finding
    if found is None:
        return None
    is_new = parts.way is None or parts.way.now(trunk) is None
    if found.is_forbidden or (is_new and found.is_suspect):
        return forbidden_way(host)
    if (
        is_new
        and trunk.outbound_proxy is None
        and found.dialled is not None
        and found.dialled.astray is not None
    ):
        return astray_way(host, found.dialled)
    return None
