"""A carrier that rejects everybody for an hour takes nobody's password; a customer's own is kept from calls.

The carrier is a Kamailio that knows its users by other passwords meanwhile; what reached it is counted in its log.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sipcheck.reasons import Reason
from sipcheck.target import TransportName
from tests.observed import insist, wait_until
from tests.peers.kamailio import PASSWORD, Kamailio, SeenRequest
from tests.peers.livekit.server import LiveKitServer
from tests.trunks.livekit_forms import with_livekit
from tests.worker.service import Service
from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.clock import utc_now
from trunks.installation.settings import Settings
from trunks.models.base import Base
from trunks.models.credential_freeze import CredentialFreeze
from trunks.models.knock import KnockRow
from trunks.models.rejected_password import RejectedPasswordRow
from trunks.models.trunk import Trunk

pytestmark = [
    pytest.mark.peers,
    pytest.mark.parametrize("form_settings", ["embedded"], indirect=True),
]

HOST = "127.0.0.1"
QUARTER = timedelta(minutes=15)
MOMENTS: dict[type[Base], Sequence[str]] = {
    RejectedPasswordRow: ("first_at", "rejected_at", "decide_at", "try_at"),
    CredentialFreeze: ("rejected_at",),
    KnockRow: ("at",),
}
USERS = [f"user{number}" for number in range(4)]


@dataclass(frozen=True, slots=True)
class Customers:
    """A trunk for each account, with sides."""

    service: Service
    livekit: LiveKitServer
    carrier: Kamailio
    trunks: Sequence[Trunk]

    def reject(self, *users: str) -> None:
        self.carrier.set_passwords(dict.fromkeys(users, "another"))

    def make_proofs_due(self) -> None:
        """Let a day pass since the last."""
        with self.service.installation.database.write() as session:
            session.execute(update(Trunk).where(Trunk.is_verified).values(next_proof_at=utc_now()))

    def let_pass(self, time: timedelta) -> None:
        """Let what was rejected be so much longer ago."""
        with self.service.installation.database.write() as session:
            for model, names in MOMENTS.items():
                for row in session.scalars(select(model)):
                    for name in names:
                        moment = getattr(row, name)
                        setattr(row, name, None if moment is None else moment - time)

    def rejected(self) -> list[RejectedPasswordRow]:
        with self.service.installation.database.read() as session:
            return list(session.scalars(select(RejectedPasswordRow)))

    def are_decided(self) -> bool:
        """Whether it was decided of all, that none is withheld: it is decided anew an hour later."""
        now = utc_now()
        return all(each.decide_at is not None and each.decide_at > now + QUARTER for each in self.rejected())

    def active(self) -> list[bool]:
        return [self.service.store.trunk(trunk.id).is_active for trunk in self.trunks]

    def passwords(self) -> list[str]:
        """What the outbound sides send."""
        sides = {number: side for side in self.livekit.outbound.values() for number in side.numbers}
        return [sides[_number(place)].auth_password for place in range(len(self.trunks))]

    def tells(self) -> int:
        """Count the events that tell of a password withheld or given back."""
        flips = [flip for trunk in self.trunks for flip in self.service.store.flips(trunk.id)]
        return sum("outbound_password" in flip.changes for flip in flips)

    def registers(self, before: int = 0) -> tuple[list[SeenRequest], Counter[str]]:
        """Give the REGISTERs that the carrier saw, each once however often it was sent, and how many of each account
        after so many.
        """
        seen = list({each.via: each for each in self.carrier.requests_seen("REGISTER")}.values())
        return seen, Counter(each.from_uri for each in seen[before:])


def _number(place: int) -> str:
    return f"+1415555{place:04}"


def enter(service: Service, place: int, port: int) -> Trunk:
    trunk = service.make_trunk(
        host=HOST,
        port=port,
        transport=TransportName.UDP,
        name=USERS[place],
        username=USERS[place],
        password=PASSWORD,
        wanted=True,
    )
    numbers = service.installation.catalog.numbers
    insist(numbers.add, service.store.caller, trunk.id, NewNumber(number=_number(place)))
    assert service.store.provision(trunk.id)
    service.doorbell.ring_provision(trunk.id)
    service.wait_done(trunk.id)
    assert service.verify(trunk).reason is Reason.CREDENTIALS_PROVEN
    return trunk


@pytest.fixture
def customers(
    start_service: Callable[[Settings], Service],
    form_settings: Settings,
    kamailio_factory: Callable[..., Kamailio],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Customers]:
    monkeypatch.setattr("worker.runtime.TEND_INTERVAL_SECONDS", 0.3)
    carrier = kamailio_factory(domain=HOST, users=dict.fromkeys(USERS, PASSWORD))
    with LiveKitServer() as livekit:
        service = start_service(with_livekit(form_settings, livekit))
        trunks = [enter(service, place, carrier.port) for place in range(len(USERS))]
        wait_until(lambda: len(livekit.outbound) == len(USERS))
        yield Customers(service, livekit, carrier, trunks)


def test_a_carriers_bad_hour_takes_no_password_and_one_customers_own_does(customers: Customers) -> None:
    before, _ = customers.registers()
    customers.reject(*USERS)
    customers.make_proofs_due()
    wait_until(lambda: not any(customers.active()))
    customers.let_pass(QUARTER)
    wait_until(customers.are_decided)
    customers.let_pass(2 * QUARTER)
    # The hour is nearly over: each account was asked for once, and answered once.
    seen, of_accounts = customers.registers(len(before))
    assert sorted(of_accounts.values()) == [2] * len(USERS)
    assert sum(each.has_credentials for each in seen[len(before) :]) == len(USERS)
    assert (customers.passwords(), customers.tells()) == ([PASSWORD] * len(USERS), 0)
    customers.carrier.set_passwords(dict.fromkeys(USERS, PASSWORD))
    customers.let_pass(QUARTER)
    wait_until(lambda: all(customers.active()))
    wait_until(lambda: not customers.rejected())
    seen, of_accounts = customers.registers(len(before))
    assert sorted(of_accounts.values()) == [4] * len(USERS)
    assert (customers.passwords(), customers.tells()) == ([PASSWORD] * len(USERS), 0)

    # One whose password is another at the carrier is alone with that.
    customers.reject(USERS[0])
    customers.make_proofs_due()
    wait_until(lambda: customers.active() == [False, True, True, True])
    customers.let_pass(QUARTER)
    wait_until(lambda: customers.passwords() == ["", PASSWORD, PASSWORD, PASSWORD])
    service, trunk = customers.service, customers.trunks[0]
    assert service.installation.catalog.views.get(service.store.caller, trunk.id).way.withholds_password
    updates = service.installation.catalog.updates
    insist(updates.apply, service.store.caller, trunk.id, TrunkEdit(password="another"))
    service.doorbell.ring_provision(trunk.id)
    wait_until(lambda: customers.passwords() == ["another", PASSWORD, PASSWORD, PASSWORD])
    assert service.verify(service.store.trunk(trunk.id)).reason is Reason.CREDENTIALS_PROVEN
    assert customers.active() == [True] * len(USERS)
    assert not service.installation.catalog.views.get(service.store.caller, trunk.id).way.withholds_password
