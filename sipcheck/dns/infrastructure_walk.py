"""The questions by which the voice infrastructure finds where to send a call."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sipcheck.dns.infrastructure_dial import Dial, dial, service_name
from sipcheck.dns.query import DnsAnswer, DnsClient, RecordType
from sipcheck.host import is_address
from sipcheck.target import Target


@dataclass(frozen=True, slots=True)
class InfrastructureWalk:
    """One way; what was answered already is not asked again, and no answer counts as no record."""

    client: DnsClient
    answered: Sequence[DnsAnswer[Any]]
    deadline_at: float

    async def follow(self, target: Target) -> Dial:
        """Ask A and AAAA, and SRV for a name that has neither."""
        if is_address(target.domain):
            return dial(target)
        ipv4 = await self._ask(RecordType.A, target.domain)
        if ipv4.records:
            return dial(target, ipv4=ipv4.records)
        ipv6 = await self._ask(RecordType.AAAA, target.domain)
        if ipv6.records:
            return replace(dial(target, ipv6=ipv6.records), answered=not ipv4.failed)
        services = await self._ask(RecordType.SRV, service_name(target))
        failed = ipv4.failed or ipv6.failed or services.failed
        return replace(dial(target, services=services.records), answered=not failed)

    async def _ask(self, record_type: RecordType, name: str) -> DnsAnswer[Any]:
        for known in self.answered:
            if (known.record_type, known.name.lower()) == (record_type, name.lower()):
                return known
        questions: dict[RecordType, Callable[..., Awaitable[DnsAnswer[Any]]]] = {
            RecordType.A: self.client.ipv4,
            RecordType.AAAA: self.client.ipv6,
            RecordType.SRV: self.client.srv,
        }
        return await questions[record_type](name, deadline_at=self.deadline_at)
