"""How a call is written that is led to an edge (docs/design/infrastructure.md, "The way of calls")."""

from dataclasses import dataclass

from sipcheck.target import HostPort, TransportName


@dataclass(frozen=True, slots=True, kw_only=True)
class LedCall:
    """What the voice infrastructure writes of a call that goes by a trunk's way: to the `edge`, named as reports name
    it, or with None to whichever is called.

    `address` stands in Request-URI and To, and `from_domain` in From, where the trunk's own do not. `transport` is what
    all URIs name, None for its auto, and `route` a whole Route.
    """

    edge: str | None = None
    transport: TransportName | None = None
    address: HostPort | None = None
    from_domain: str | None = None
    route: str | None = None
