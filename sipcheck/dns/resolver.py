"""RFC 3263: from a target to the addresses, ports and transports to try, in order."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom

from sipcheck.dns.address_order import has_route
from sipcheck.dns.infrastructure_dial import Dial
from sipcheck.dns.infrastructure_walk import InfrastructureWalk
from sipcheck.dns.query import RESOLV_CONF, DnsClient
from sipcheck.dns.route import Route
from sipcheck.dns.walk import Walk
from sipcheck.report.shown import shown
from sipcheck.target import HostPort, Target

DNS_SECONDS = 3.0

# Some resolvers and firewalls drop NAPTR alone, or SRV too: their silence must leave time for the rest of the way.
_NAPTR_SHARE = 0.4
_SRV_SHARE = 0.8


@dataclass(slots=True, eq=False, repr=False, kw_only=True)
class Resolver:
    """Finds the edges of targets by the system's resolvers or the given ones.

    `random` draws the lot among SRV weights; `is_usable` says which addresses this machine can reach and so
    come first. Raises SettingInvalid for a nameserver that is not an IP address.
    """

    nameservers: Sequence[HostPort] = ()
    timeout_seconds: float = DNS_SECONDS
    random: Random = field(default_factory=SystemRandom)
    is_usable: Callable[[str], bool] = has_route
    resolv_conf: Path = RESOLV_CONF
    _client: DnsClient = field(init=False)

    def __post_init__(self) -> None:
        self._client = DnsClient(nameservers=self.nameservers, resolv_conf=self.resolv_conf)

    async def resolve(self, target: Target, *, timeout_seconds: float | None = None) -> Route:
        """Follow RFC 3263 §4 within one deadline; with an outbound proxy, its route and not the domain's.

        No failure is an exception. What was answered by the deadline is used, with `dns-partial`. A name that
        has no SRV record falls to A and AAAA; an SRV question that was refused does not, since the carrier may
        well name other servers there: the verdict is then `dns-servfail`. Where SRV met silence alone the way goes
        on by A and AAAA, with a warning, and is worth a verdict only where something answers. A failed NAPTR
        question falls to SRV, with a warning: it only chooses among transports that SRV names too.
        """
        seconds = self.timeout_seconds if timeout_seconds is None else timeout_seconds
        now = asyncio.get_running_loop().time()
        walk = Walk(
            client=self._client,
            random=self.random,
            is_usable=self.is_usable,
            deadline_at=now + seconds,
            naptr_deadline_at=now + seconds * _NAPTR_SHARE,
            srv_deadline_at=now + seconds * _SRV_SHARE,
        )
        return shown(await walk.follow(target))

    async def dialled(self, target: Target, route: Route, *, timeout_seconds: float | None = None) -> Dial:
        """Find where the voice infrastructure would send a call, asking what the route's questions leave open."""
        seconds = self.timeout_seconds if timeout_seconds is None else timeout_seconds
        deadline_at = asyncio.get_running_loop().time() + seconds
        return shown(await InfrastructureWalk(self._client, route.steps, deadline_at).follow(target))
