"""The services of an installation by area, each made of what all stand on."""

from dataclasses import dataclass

from trunks.catalog.carriers import CarrierList
from trunks.catalog.connection import Connections, PlatformAddresses
from trunks.catalog.create_provisioned import ProvisionedCreation
from trunks.catalog.drafts import UnsavedTrunks
from trunks.catalog.dry_runs import DryRuns
from trunks.catalog.health_history import HealthHistory
from trunks.catalog.inbound_calls import InboundCalls
from trunks.catalog.phone_numbers import NumberCatalog
from trunks.catalog.released_numbers import ReleasedNumbers
from trunks.catalog.trunk_import import TrunkImport
from trunks.catalog.trunks import TrunkCatalog
from trunks.catalog.update import TrunkUpdates
from trunks.catalog.views import TrunkViews
from trunks.clock import Clock
from trunks.health.breaker import Breaker
from trunks.health.check_claims import CheckClaims
from trunks.health.check_results import CheckResults
from trunks.health.edge_falls import EdgeFalls
from trunks.health.latest_results import LatestResults
from trunks.installation.settings import Settings
from trunks.people.certificate_notices import CertificateNotices
from trunks.people.deliveries import Deliveries
from trunks.people.endpoints import Endpoints
from trunks.people.flip_follower import FlipFollower
from trunks.people.incident_book import IncidentClosing
from trunks.people.incidents import IncidentList
from trunks.people.maintenance import MaintenanceBook
from trunks.people.operator_incidents import OperatorIncidents
from trunks.people.operator_notices import OperatorNotices
from trunks.provisions.claims import ProvisionClaims
from trunks.provisions.given_up import SidesGivenUp
from trunks.provisions.infrastructure_checks import CheckTurns
from trunks.provisions.pace import ProvisionPace
from trunks.provisions.reconciliation import Reconciliation
from trunks.provisions.rehearsal import Rehearsal
from trunks.provisions.status import ProvisionOverview
from trunks.provisions.strays import Strays
from trunks.provisions.wanted_sides import WantedSides
from trunks.retention.cleaning import Cleaning
from trunks.retention.schedule import chores
from trunks.rules.way_evidence import TlsNames
from trunks.runs.address_limits import AddressLimits
from trunks.runs.calls.claims import CallClaims
from trunks.runs.calls.requests import CallRequests
from trunks.runs.check_ledger import CheckLedger
from trunks.runs.claims import RunClaims
from trunks.runs.credential_proofs import CredentialProofs
from trunks.runs.edge_paces import PaceLimits
from trunks.runs.knock_book import KnockBook
from trunks.runs.live_ladders import LiveLadders
from trunks.runs.open_calls import OpenCalls
from trunks.runs.password_turns import PasswordTurns
from trunks.runs.recovery import Recovery
from trunks.runs.requests import RunRequests
from trunks.runs.result_rules import ResultRules, WayRules
from trunks.runs.sharing import Sharing
from trunks.runs.ways.checks import WayChecks
from trunks.runs.ways.form_questions import FormDesk
from trunks.runs.ways.turns import WayTurns
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.tenancy.console_sessions import Sessions
from trunks.tenancy.idempotent_requests import KeyedRequests
from trunks.tenancy.installation_keys import InstallationKeyring
from trunks.tenancy.tenants import Tenants
from trunks.voice.provisioner import ProvisionerName


@dataclass(frozen=True, slots=True)
class Foundation:
    """What all services stand on."""

    settings: Settings
    clock: Clock
    database: Database
    secrets: SecretBox


class Tenancy:
    def __init__(self, on: Foundation) -> None:
        self.tenants = Tenants(on.database, on.clock)
        self.sessions = Sessions(on.database.impatient(), self.tenants, on.clock)
        self.keys = InstallationKeyring(on.database, on.secrets, clock=on.clock)
        self.keyed_requests = KeyedRequests(
            on.database.impatient(),
            self.keys,
            clock=on.clock,
        )


class Runs:
    def __init__(self, on: Foundation) -> None:
        settings, database, clock = on.settings, on.database, on.clock
        self.requests = RunRequests(database, clock=clock)
        self.sharing = Sharing(database, settings.public_url, clock)
        self.ladders = LiveLadders(database.impatient(), clock)
        self.address_limits = AddressLimits(
            database,
            PaceLimits(settings.address_rate, settings.address_burst, settings.address_concurrency),
            knocks=KnockBook(settings.knocks),
            clock=clock,
        )
        self.check_ledger = CheckLedger(
            database, self.address_limits.knocks, burst=settings.address_burst, clock=clock
        )
        ways = _way_rules(settings)
        self.form_desk = (
            None if ways is None else FormDesk(database, ways, settings.engine_settings().guard, clock)
        )
        self.way_turns = WayTurns(database, ways, clock)
        self.password_turns = PasswordTurns(database, ways, clock)
        self.way_checks = WayChecks(
            database, ways, settings.failure_threshold, settings.health_interval_seconds, clock
        )
        self.claims = RunClaims(
            database,
            rules=ResultRules(
                settings.policy,
                settings.health_pace,
                settings.proof_interval_seconds,
                ways,
            ),
            address_limits=self.address_limits,
            deadline_seconds=settings.verify_timeout_seconds,
            clock=clock,
        )
        self.calls = CallRequests(database.impatient(), clock)
        self.open_calls = OpenCalls(database, clock)
        self.call_claims = CallClaims(
            database, settings.provisioner, clock, self.open_calls, self.address_limits
        )
        self.recovery = Recovery(database, self.address_limits, clock=clock)
        self.proofs = CredentialProofs(
            database, interval_seconds=settings.proof_interval_seconds, clock=clock
        )


def _way_rules(settings: Settings) -> WayRules | None:
    if settings.provisioner is ProvisionerName.NONE:
        return None
    return WayRules(
        settings.provisioner,
        tls_names=settings.livekit_tls_names is TlsNames.CHECKED,
        pin_edges=settings.pin_edges,
    )


class Catalog:
    def __init__(self, on: Foundation, runs: RunRequests) -> None:
        database, clock, provisioner = on.database, on.clock, on.settings.provisioner
        impatient = database.impatient()
        self.trunks = TrunkCatalog(impatient, on.secrets, provisioner, clock, on.settings.allow_wide_lists)
        self.views = TrunkViews(database)
        self.carriers = CarrierList(database)
        self.health_history = HealthHistory(database)
        self.updates = TrunkUpdates(
            impatient,
            on.secrets,
            provisioner,
            WantedSides(on.secrets, on.settings.leading),
            on.settings.health_pace,
            clock,
            on.settings.allow_wide_lists,
        )
        self.numbers = NumberCatalog(impatient, provisioner, clock)
        self.unsaved = UnsavedTrunks(database, provisioner, on.settings.verify_wait_seconds, clock)
        self.provisioned = ProvisionedCreation(
            impatient, on.secrets, self.unsaved, provisioner, clock, on.settings.allow_wide_lists
        )
        self.dry_runs = DryRuns(database, self.trunks, runs, self.unsaved)
        self.released_numbers = ReleasedNumbers(impatient, provisioner, clock)
        self.connections = Connections(
            database,
            PlatformAddresses(
                checks=tuple(
                    filter(None, [on.settings.sip_advertised_address or on.settings.sip_source_address])
                ),
                calls=on.settings.call_addresses,
                media=tuple(map(str, on.settings.media_networks)),
                inbound_uri=on.settings.inbound_uri,
            ),
            provisioner,
            on.settings.engine_settings().guard,
            clock,
        )
        self.inbound_calls = InboundCalls(database)
        self.imports = TrunkImport(database, on.secrets, provisioner, clock, on.settings.allow_wide_lists)


class Health:
    def __init__(self, on: Foundation) -> None:
        settings, database, clock = on.settings, on.database, on.clock
        self.claims = CheckClaims(
            database,
            pace=settings.health_pace,
            probe_timeout_seconds=settings.check_timeout_seconds,
            clock=clock,
        )
        self.latest = LatestResults(database.impatient(), pace=settings.health_pace, clock=clock)
        self.breaker = Breaker(
            database,
            fewest_destinations=settings.breaker_destinations,
            interval_seconds=settings.health_interval_seconds,
            canary_set=bool(settings.canary_targets),
            clock=clock,
        )
        self.results = CheckResults(
            database,
            self.breaker,
            EdgeFalls(database, leads=_way_rules(settings) is not None),
            policy=settings.policy,
            pace=settings.health_pace,
            lease_seconds=self.claims.lease_seconds,
            clock=clock,
        )


class Provisions:
    def __init__(self, on: Foundation) -> None:
        settings, database = on.settings, on.database
        self.overview = ProvisionOverview(database, settings.provisioner)
        self.pace = ProvisionPace(database, settings.provisioner, settings.provisioner_rate, on.clock)
        self.claims = ProvisionClaims(database, settings.provisioner, settings.leading, on.clock, self.pace)
        self.given_up = SidesGivenUp(database, settings.provisioner, on.clock, self.pace)
        self.check_turns = CheckTurns(database, settings.provisioner, on.clock)
        self.reconciliation = Reconciliation(
            database,
            on.secrets,
            settings.provisioner,
            settings.leading,
            self.given_up,
            interval_seconds=settings.reconcile_interval_seconds,
            clock=on.clock,
        )
        self.rehearsal = Rehearsal(database, on.secrets, settings.provisioner, settings.leading, on.clock)
        self.strays = Strays(database, settings.provisioner, self.reconciliation, self.given_up, on.clock)


class People:
    """What reaches people by itself."""

    def __init__(self, on: Foundation) -> None:
        self.endpoints = Endpoints(on.database.impatient(), on.secrets, on.clock)
        self.flip_follower = FlipFollower(on.database, on.clock)
        self.certificate_notices = CertificateNotices(on.database, on.clock)
        self.incidents = IncidentList(
            on.database,
            tuple(filter(None, [on.settings.sip_advertised_address or on.settings.sip_source_address])),
        )
        self.incident_closing = IncidentClosing(on.database, on.clock)
        self.maintenance = MaintenanceBook(on.database, on.clock)
        self.operator_incidents = OperatorIncidents(on.database)
        self.operator_notices = OperatorNotices(on.database, on.clock)
        self.deliveries = Deliveries(on.database, on.secrets, on.clock)


def make_cleaning(on: Foundation, tenancy: Tenancy) -> Cleaning:
    """Make what deletes old rows in turns."""
    return Cleaning(on.database, chores(on.settings.keeping, on.secrets, tenancy.keys), clock=on.clock)
