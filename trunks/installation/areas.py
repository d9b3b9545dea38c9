"""The services of an installation by area, each made of what all stand on."""

from dataclasses import dataclass

from trunks.catalog.create import TrunkCreation
from trunks.catalog.create_provisioned import ProvisionedCreation
from trunks.catalog.drafts import UnsavedTrunks
from trunks.catalog.dry_runs import DryRuns
from trunks.catalog.phone_numbers import NumberCatalog
from trunks.catalog.trunk_import import TrunkImport
from trunks.catalog.trunks import TrunkCatalog
from trunks.catalog.update import TrunkUpdates
from trunks.catalog.views import TrunkViews
from trunks.clock import Clock
from trunks.health.breaker import Breaker
from trunks.health.check_claims import CheckClaims
from trunks.health.check_results import CheckResults
from trunks.health.latest_results import LatestResults
from trunks.installation.settings import Settings
from trunks.provisions.claims import ProvisionClaims
from trunks.provisions.reconciliation import Reconciliation
from trunks.provisions.status import ProvisionOverview
from trunks.runs.address_limits import AddressLimits, PaceLimits
from trunks.runs.claims import RunClaims
from trunks.runs.credential_proofs import CredentialProofs
from trunks.runs.recovery import Recovery
from trunks.runs.requests import RunRequests
from trunks.runs.result_rules import ResultRules
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.tenancy.idempotent_requests import KeyedRequests
from trunks.tenancy.installation_keys import InstallationKeyring
from trunks.tenancy.tenants import Tenants


@dataclass(frozen=True, slots=True)
class Foundation:
    """What all services stand on."""

    settings: Settings
    clock: Clock
    database: Database
    secrets: SecretBox


@dataclass(frozen=True, slots=True)
class Tenancy:
    tenants: Tenants
    keys: InstallationKeyring
    keyed_requests: KeyedRequests


@dataclass(frozen=True, slots=True)
class Catalog:
    trunks: TrunkCatalog
    views: TrunkViews
    updates: TrunkUpdates
    numbers: NumberCatalog
    unsaved: UnsavedTrunks
    provisioned: ProvisionedCreation
    dry_runs: DryRuns
    imports: TrunkImport


@dataclass(frozen=True, slots=True)
class Runs:
    requests: RunRequests
    claims: RunClaims
    recovery: Recovery
    proofs: CredentialProofs
    address_limits: AddressLimits


@dataclass(frozen=True, slots=True)
class Health:
    claims: CheckClaims
    latest: LatestResults
    results: CheckResults
    breaker: Breaker


@dataclass(frozen=True, slots=True)
class Provisions:
    overview: ProvisionOverview
    claims: ProvisionClaims
    reconciliation: Reconciliation


def make_tenancy(on: Foundation) -> Tenancy:
    keys = InstallationKeyring(on.database, on.secrets, clock=on.clock)
    return Tenancy(
        Tenants(on.database, clock=on.clock),
        keys,
        KeyedRequests(on.database, keys, longest_seconds=on.settings.verify_wait_seconds, clock=on.clock),
    )


def make_runs(on: Foundation) -> Runs:
    settings, database, clock = on.settings, on.database, on.clock
    limits = AddressLimits(
        database,
        PaceLimits(settings.address_rate, settings.address_burst, settings.address_concurrency),
        clock=clock,
    )
    rules = ResultRules(settings.policy, settings.health_pace, settings.proof_interval_seconds)
    return Runs(
        RunRequests(database, clock=clock),
        RunClaims(
            database,
            rules=rules,
            address_limits=limits,
            deadline_seconds=settings.verify_timeout_seconds,
            clock=clock,
        ),
        Recovery(database, limits, clock=clock),
        CredentialProofs(database, interval_seconds=settings.proof_interval_seconds, clock=clock),
        limits,
    )


def make_catalog(on: Foundation, runs: Runs) -> Catalog:
    database, clock, provisioner = on.database, on.clock, on.settings.provisioner
    creation = TrunkCreation(on.secrets)
    trunks = TrunkCatalog(database, creation, provisioner=provisioner, clock=clock)
    unsaved = UnsavedTrunks(
        database, provisioner=provisioner, longest_seconds=on.settings.verify_wait_seconds, clock=clock
    )
    return Catalog(
        trunks,
        TrunkViews(database),
        TrunkUpdates(
            database, on.secrets, provisioner=provisioner, health_pace=on.settings.health_pace, clock=clock
        ),
        NumberCatalog(database, provisioner=provisioner, clock=clock),
        unsaved,
        ProvisionedCreation(database, creation, unsaved, provisioner=provisioner, clock=clock),
        DryRuns(database, trunks, runs.requests, unsaved),
        TrunkImport(database, creation, clock=clock),
    )


def make_health(on: Foundation) -> Health:
    settings, database, clock = on.settings, on.database, on.clock
    claims = CheckClaims(
        database,
        pace=settings.health_pace,
        probe_timeout_seconds=settings.check_timeout_seconds,
        clock=clock,
    )
    breaker = Breaker(
        database,
        fewest_destinations=settings.breaker_destinations,
        interval_seconds=settings.health_interval_seconds,
        canary_set=bool(settings.canary_targets),
        clock=clock,
    )
    results = CheckResults(
        database,
        breaker,
        policy=settings.policy,
        pace=settings.health_pace,
        lease_seconds=claims.lease_seconds,
        clock=clock,
    )
    latest = LatestResults(database, pace=settings.health_pace, clock=clock)
    return Health(claims, latest, results, breaker)


def make_provisions(on: Foundation) -> Provisions:
    settings, database, clock = on.settings, on.database, on.clock
    return Provisions(
        ProvisionOverview(database, provisioner=settings.provisioner),
        ProvisionClaims(
            database, provisioner=settings.provisioner, egress=settings.fixed_egress, clock=clock
        ),
        Reconciliation(
            database,
            on.secrets,
            provisioner=settings.provisioner,
            egress=settings.fixed_egress,
            interval_seconds=settings.reconcile_interval_seconds,
            clock=clock,
        ),
    )
