"""How a trunk is connected at its carrier: by what the operator configured, and by what its last run saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.guard import Guard
from trunks.clock import Clock
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.repositories.infrastructure_checks import InfrastructureChecks
from trunks.repositories.number_claims import NumberClaims
from trunks.repositories.trunk_profiles import TrunkProfiles
from trunks.repositories.trunks import Trunks
from trunks.repositories.verifications import Verifications
from trunks.rules.connection_details import (
    InboundPlace,
    KnownAddress,
    ban_exemption,
    connection_warnings,
    number_forms,
    read_place,
)
from trunks.rules.infrastructure_facts import InfrastructureFacts
from trunks.rules.media import media_of
from trunks.rules.profile import TrunkProfile
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller
from trunks.voice.provisioner import ProvisionerName

_MOST_FORMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformAddresses:
    """What the operator configured."""

    checks: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    inbound_uri: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    check_addresses: tuple[KnownAddress, ...]
    call_addresses: tuple[KnownAddress, ...]
    media_networks: tuple[str, ...]
    place: InboundPlace | None
    codecs: tuple[str, ...]
    encryption: str
    numbers: tuple[str, ...]
    number_forms: tuple[str, ...]
    ban_exemption: str | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connections:
    database: Database
    platform: PlatformAddresses
    provisioner: ProvisionerName
    guard: Guard
    clock: Clock

    def of(self, caller: Caller, trunk_id: UUID) -> Connection:
        """Say how a trunk is connected. Raises TrunkNotFound."""
        with self.database.read() as session:
            trunk = Trunks(session).get(caller.environment_id, trunk_id)
            profile = TrunkProfiles(session).of(trunk_id)
            run = Verifications(session).latest_with_report(trunk_id)
            numbers = _numbers(session, trunk, profile)
            facts = InfrastructureChecks(session).facts(self.provisioner)
            return self._connection(profile, numbers, run, facts)

    def _connection(
        self,
        profile: TrunkProfile,
        numbers: tuple[str, ...],
        run: Verification | None,
        facts: InfrastructureFacts,
    ) -> Connection:
        configured = tuple(map(KnownAddress, self.platform.checks))
        edges = [] if run is None or run.report is None else _edges(run.report)
        check = configured or _seen(edges, run)
        call = tuple(map(KnownAddress, self.platform.calls)) or self._called_from(facts)
        server = next((str(edge["server"]) for edge in edges if edge.get("server")), None)
        media = media_of(profile)
        return Connection(
            check_addresses=check,
            call_addresses=call,
            media_networks=self.platform.media,
            place=read_place(self.platform.inbound_uri),
            codecs=media.codecs,
            encryption="unknown" if media.encryption is None else media.encryption.value,
            numbers=numbers,
            number_forms=number_forms(numbers)[:_MOST_FORMS],
            ban_exemption=ban_exemption(server, [each.address for each in check]),
            warnings=connection_warnings(profile, check, call, _warned(run)),
        )

    def _called_from(self, facts: InfrastructureFacts) -> tuple[KnownAddress, ...]:
        """The addresses that calls were measured to come from; one that no carrier could reach is shown to nobody."""
        seen = facts.called_from(self.clock())
        return tuple(
            KnownAddress(each, at) for each, at in seen.items() if not self.guard.judge_address(each)
        )


def _warned(run: Verification | None) -> frozenset[str]:
    """What a run warned of, by codes."""
    found = None if run is None or run.report is None else run.report.get("warnings")
    return frozenset(each["code"] for each in found or () if isinstance(each, Mapping) and "code" in each)


def _numbers(session: Session, trunk: Trunk, profile: TrunkProfile) -> tuple[str, ...]:
    """Give what calls have to name: an extension by a number of its own, where another environment has it."""
    claims = NumberClaims(session)
    if profile.extension is not None:
        return (claims.extensions_of([trunk.id]).get(trunk.id, profile.extension),)
    return tuple(sorted(claims.lines_of(trunk.id).values()))


def _edges(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = report.get("edges")
    return [edge for edge in found if isinstance(edge, Mapping)] if isinstance(found, list) else []


def _seen(edges: list[Mapping[str, Any]], run: Verification | None) -> tuple[KnownAddress, ...]:
    """The addresses that the carrier saw us come from; only ones that others can reach are worth allowing."""
    at = None if run is None else run.finished_at
    found: dict[str, KnownAddress] = {}
    for edge in edges:
        address = edge.get("received_address")
        host = str(address).rpartition(":")[0].strip("[]") if address else ""
        try:
            is_global = ip_address(host).is_global
        except ValueError:
            continue
        if is_global:
            found[host] = KnownAddress(host, at)
    return tuple(found.values())
