"""Many trunks entered at once, for a customer who moves them here."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from trunks.catalog.create import enter_trunk
from trunks.catalog.new_trunk import NewTrunk
from trunks.clock import Clock
from trunks.models.verification import RequestedBy
from trunks.repositories.tenants import Environments
from trunks.repositories.trunks import Trunks
from trunks.rules.spellings import domain_of
from trunks.runs.queue import find_or_queue
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.tenancy.tenants import Tenant
from trunks.voice.provisioner import ProvisionerName


class Entry(StrEnum):
    """What became of a trunk that was to be entered."""

    ENTERED = "entered"
    STANDS = "stands"
    # The name and the host are another account's: to skip it would lose a customer's password.
    OF_ANOTHER_ACCOUNT = "of-another-account"


@dataclass(frozen=True, slots=True)
class TrunkImport:
    """Enters trunks some at a time, so that no other writer waits for all of them.

    One with the name, the host and the user of a trunk that stands is skipped: what broke off is finished by doing it
    again, also where the first is still at it.
    """

    database: Database
    secrets: SecretBox
    provisioner: ProvisionerName
    clock: Clock
    allow_wide_lists: bool = False

    def enter(self, tenant: Tenant, some: Sequence[NewTrunk], *, verify: bool) -> list[Entry]:
        """Enter trunks, and with `verify` queue a run of each; says what became of each.

        Raises CustomTrunksNotAllowed.
        """
        with self.database.write() as session:
            # Two imports of one file at once would else each find that nothing stands.
            Environments(session).lock(tenant.environment_id)
            standing = Trunks(session).places(tenant.environment_id, {new.name for new in some})
            entered = []
            for new in some:
                places = {(new.name, domain_of(gateway.host)) for gateway in new.gateways}
                users = {user for place in places for user in standing.get(place, ())}
                if users:
                    is_same = new.username in users
                    entered.append(Entry.STANDS if is_same else Entry.OF_ANOTHER_ACCOUNT)
                    continue
                entered.append(Entry.ENTERED)
                for place in places:
                    standing.setdefault(place, set()).add(new.username)
                now = self.clock()
                trunk = enter_trunk(
                    session,
                    self.secrets,
                    tenant,
                    new,
                    now,
                    provisioner=self.provisioner,
                    wide=self.allow_wide_lists,
                )
                if verify:
                    find_or_queue(session, trunk, RequestedBy.CUSTOMER, now)
            return entered
