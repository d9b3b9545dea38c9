"""Where calls to a name would go, asked of DNS as the voice infrastructure asks (docs/design/infrastructure.md)."""

from dataclasses import dataclass

from sipcheck.dns.infrastructure_dial import Way
from sipcheck.dns.resolver import Resolver
from sipcheck.dns.route import Edge, Route
from sipcheck.engine import Engine
from sipcheck.guard import EVERY_NAME, FORBIDDEN, Guard
from sipcheck.host import is_address
from sipcheck.reasons import Reason
from sipcheck.settings import EngineSettings
from sipcheck.sweep.liveness import Liveness
from sipcheck.target import Target
from trunks.provisions.seen_host import SeenHost
from trunks.rules.way_evidence import Dialled
from trunks.rules.way_of_report import dialled_by

# Whoever creates a trunk may wait for it.
_JUDGED_WITHIN_SECONDS = 2.0
# RFC 3263 has nothing to offer; calls may go somewhere all the same.
_WITHOUT_RECORDS = (Reason.DNS_NO_RECORDS, Reason.DNS_NXDOMAIN)


async def where_calls_go(
    engine: Engine, target: Target, found: tuple[Edge, ...] | Liveness, *, timeout_seconds: float
) -> Dialled | None:
    """Look where that may be elsewhere than RFC 3263 leads; None where nobody knows, or nowhere at all."""
    settings = engine.settings
    if settings.infrastructure is None or target.outbound_proxy is not None or is_address(target.domain):
        return None
    if isinstance(found, Liveness):
        if found.reason not in _WITHOUT_RECORDS:
            return None
    elif all(edge.priority is None for edge in found):
        addresses = [edge.address for edge in found]
        ipv4 = tuple(each for each in addresses if ":" not in each)
        return Dialled(ipv4=ipv4, has_ipv6=len(ipv4) < len(addresses))
    dial = await engine.resolver.dialled(target, Route(), timeout_seconds=timeout_seconds)
    return None if dial.way is Way.NOWHERE else dialled_by(dial, settings.guard)


@dataclass(frozen=True, slots=True)
class NameJudge:
    """Judges a name before a side that names it is opened for the first time."""

    resolver: Resolver
    guard: Guard

    @classmethod
    def of(cls, settings: EngineSettings) -> "NameJudge | None":
        """Make one; None where all names are allowed, as in a laboratory without DNS."""
        if EVERY_NAME in settings.guard.allow_names:
            return None
        return cls(Resolver(nameservers=settings.nameservers), settings.guard)

    async def judge(self, target: Target) -> SeenHost:
        """See where RFC 3263 and the infrastructure lead."""
        route = await self.resolver.resolve(target, timeout_seconds=_JUDGED_WITHIN_SECONDS)
        obstacle = route.obstacle(self.guard)
        if obstacle is not None and obstacle.reason in FORBIDDEN:
            return SeenHost(is_forbidden=True)
        dial = await self.resolver.dialled(target, route, timeout_seconds=_JUDGED_WITHIN_SECONDS)
        leads_nowhere = dial.answered and dial.way is Way.NOWHERE
        return SeenHost(
            dialled=None if leads_nowhere else dialled_by(dial, self.guard), is_answered=dial.answered
        )
