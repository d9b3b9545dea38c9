"""Many trunks entered at once, for a customer who moves them here."""

from collections.abc import Sequence
from dataclasses import dataclass

from trunks.catalog.create import enter_trunk
from trunks.catalog.new_trunk import NewTrunk
from trunks.clock import Clock
from trunks.models.verification import RequestedBy
from trunks.repositories.trunks import Trunks
from trunks.runs.queue import find_or_queue
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.tenancy.tenants import Tenant
from trunks.voice.provisioner import ProvisionerName


@dataclass(frozen=True, slots=True)
class TrunkImport:
    """Enters trunks some at a time, so that no other writer waits for all of them.

    One with the name and the host of a trunk that stands is skipped: what broke off is finished by doing it again.
    """

    database: Database
    secrets: SecretBox
    provisioner: ProvisionerName
    clock: Clock
    allow_wide_lists: bool = False

    def enter(self, tenant: Tenant, some: Sequence[NewTrunk], *, verify: bool) -> list[bool]:
        """Enter trunks, and with `verify` queue a run of each; false for those that were skipped.

        Raises CustomTrunksNotAllowed.
        """
        with self.database.write() as session:
            standing = Trunks(session).places(tenant.environment_id, {new.name for new in some})
            entered = []
            for new in some:
                places = {(new.name, gateway.host.lower()) for gateway in new.gateways}
                is_new = standing.isdisjoint(places)
                entered.append(is_new)
                if not is_new:
                    continue
                standing |= places
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
