"""The customers' trunks: entered, looked up, removed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sipcheck.reasons import CredentialState
from sipcheck.target import HostPort, Target, TransportName, parse_host_port
from trunks.clock import Clock, utc_now
from trunks.database import Database
from trunks.errors import CustomTrunksNotAllowed, TrunkHasNumbers, TrunkNotFound
from trunks.ids import new_id
from trunks.models.flip import Flip
from trunks.models.trunk import Gateway, Trunk
from trunks.models.verification import Verification
from trunks.repositories.destinations import Destinations
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.trunks import Flips, TrunkFilter, Trunks
from trunks.repositories.verifications import Verifications
from trunks.secrets import SecretBox
from trunks.services.tenants import Caller
from trunks.state import created
from trunks.trunk_state import write_state

FIRST_GENERATION = 1
FIRST_PRIORITY = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTrunk:
    """A trunk as a customer describes it, judged already: `domain` is a host, `outbound_proxy` host[:port]."""

    name: str
    provider_name: str
    domain: str
    port: int | None
    transport: TransportName | None
    username: str | None
    password: str | None = field(repr=False)
    outbound_proxy: HostPort | None = None
    auth_realm: str | None = None
    wanted: bool = False


@dataclass(frozen=True, slots=True)
class TrunkView:
    """A trunk with the last run of its current configuration."""

    trunk: Trunk
    last_verification: Verification | None

    @property
    def id(self) -> UUID:
        return self.trunk.id


class TrunkBook:
    def __init__(self, database: Database, secrets: SecretBox, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock

    def create(self, caller: Caller, new: NewTrunk, *, is_draft: bool = False) -> Trunk:
        """Enter a trunk, or a draft for a dry run. Raises CustomTrunksNotAllowed."""
        if not caller.allow_custom_sip_trunks:
            raise CustomTrunksNotAllowed
        now = self._clock()
        trunk_id = new_id()
        trunk = Trunk(
            id=trunk_id,
            environment_id=caller.environment_id,
            name=new.name,
            provider_name=new.provider_name,
            username=new.username,
            sealed_password=None if new.password is None else self._secrets.seal(new.password, trunk_id),
            auth_realm=new.auth_realm,
            outbound_proxy=None if new.outbound_proxy is None else str(new.outbound_proxy),
            generation=FIRST_GENERATION,
            credentials=CredentialState.NOT_TESTED,
            is_draft=is_draft,
            created_at=now,
            updated_at=now,
        )
        write_state(trunk, created(wanted=new.wanted))
        target = Target(
            domain=parse_host_port(new.domain).host,
            port=new.port,
            transport=new.transport,
            outbound_proxy=new.outbound_proxy,
        )
        with self._database.write() as session:
            trunk.gateways = [
                Gateway(
                    destination_id=Destinations(session).ensure(target, now),
                    host=new.domain,
                    port=new.port,
                    transport=new.transport,
                    priority=FIRST_PRIORITY,
                )
            ]
            Trunks(session).add(trunk)
        return trunk

    def get(self, caller: Caller, trunk_id: UUID) -> TrunkView:
        """Look a trunk up. Raises TrunkNotFound for another tenant's too."""
        with self._database.read() as session:
            trunk = Trunks(session).of(caller.environment_id, trunk_id)
            if trunk is None:
                raise TrunkNotFound
            return TrunkView(trunk, Verifications(session).latest_done(trunk_id, trunk.generation))

    def page(
        self, caller: Caller, shown: TrunkFilter, *, limit: int, before: UUID | None = None
    ) -> Sequence[TrunkView]:
        """List a tenant's trunks, newest first, each with the last run of its configuration."""
        with self._database.read() as session:
            trunks = Trunks(session).page(caller.environment_id, shown, limit=limit, before=before)
            runs = Verifications(session).latest_done_of(trunks)
            return [TrunkView(trunk, runs.get(trunk.id)) for trunk in trunks]

    def flips(
        self, caller: Caller, trunk_id: UUID, *, limit: int, before: UUID | None = None
    ) -> Sequence[Flip]:
        """List a trunk's changes of state, newest first. Raises TrunkNotFound."""
        with self._database.read() as session:
            if Trunks(session).of(caller.environment_id, trunk_id) is None:
                raise TrunkNotFound
            return Flips(session).page(trunk_id, limit=limit, before=before)

    def remove(self, caller: Caller, trunk_id: UUID, *, with_numbers: bool = False) -> None:
        """Remove a trunk with its history. Raises TrunkNotFound, TrunkHasNumbers."""
        with self._database.write() as session:
            trunk = Trunks(session).leaving(caller.environment_id, trunk_id)
            if trunk is None or trunk.is_draft:
                raise TrunkNotFound
            if not with_numbers and PhoneNumbers(session).any_of(trunk_id):
                raise TrunkHasNumbers
            Trunks(session).remove(trunk)
