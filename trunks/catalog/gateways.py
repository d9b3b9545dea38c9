"""A trunk's gateways, each with the destination that it shares with equal ones."""

from datetime import datetime

from sqlalchemy.orm import Session

from sipcheck.target import HostPort, Target, parse_host_port
from trunks.catalog.new_trunk import NewGateway
from trunks.models.trunk import Gateway
from trunks.repositories.destinations import Destinations


def make_gateway(
    session: Session, new: NewGateway, outbound_proxy: HostPort | None, now: datetime
) -> Gateway:
    """Make a gateway, with the destination that it shares."""
    gateway = Gateway(host=new.host, port=new.port, transport=new.transport, priority=new.priority)
    find_destination(session, gateway, outbound_proxy, now)
    return gateway


def find_destination(
    session: Session, gateway: Gateway, outbound_proxy: HostPort | None, now: datetime
) -> bool:
    """Find the destination of a gateway that was edited; true when it is another."""
    target = Target(
        domain=parse_host_port(gateway.host).host,
        port=gateway.port,
        transport=gateway.transport,
        outbound_proxy=outbound_proxy,
    )
    found = Destinations(session).ensure(target, now)
    moved = gateway.destination_id != found
    if moved:
        gateway.led_since = now
    gateway.destination_id = found
    return moved
