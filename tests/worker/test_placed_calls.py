"""Test calls over the practice carrier: reported, refused, applied, and ended with their worker."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sipcheck.carrier.behaviours import CallBehaviour, NumberForm
from sipcheck.carrier.server import PracticeCarrier
from sipcheck.media.sockets import DEFAULT_PORTS
from sipcheck.reasons import CallVerdict, Reason
from sipcheck.target import TransportName
from tests.peers.loop_thread import LoopThread
from tests.trunks.forms import Store
from trunks.catalog.new_trunk import NewNumber
from trunks.clock import utc_now
from trunks.installation.installation import Installation
from trunks.installation.settings import Settings, load_settings
from trunks.models.placed_call import PlacedCall
from trunks.models.trunk import Trunk
from trunks.models.verification import VerificationStatus
from trunks.repositories.outbound_ways import KeptWay, OutboundWays
from trunks.rules.profile import CallingFormat
from trunks.rules.way_evidence import OutboundWay, WayEdge, WayForm
from trunks.runs.calls.caller import CallMaker
from trunks.runs.calls.wish import CallWish
from trunks.runs.run_store import RunStore
from worker.engine_loop import EngineLoop
from worker.runs.call_desk import CallDesk

DID, TO = "+493012345678", "+4930123456"
_SOON_SECONDS = 30.0


class Carrier(LoopThread[PracticeCarrier]):
    def __init__(self, calls: CallBehaviour, form: NumberForm | None = None) -> None:
        super().__init__("practice", ready_seconds=20.0)
        self._calls, self._form = calls, form

    def serving(self) -> PracticeCarrier:
        return PracticeCarrier(calls=self._calls, number_form=self._form)

    def methods(self) -> list[str]:
        return [each.method for each in self.served.seen] if self.served is not None else []


@dataclass
class Desk:
    """A tenant who may call, and a worker that calls for him; `done` is what it told."""

    store: Store
    engine: EngineLoop
    done: list[UUID]
    told: threading.Event

    def trunk(self, carrier: Carrier, **given: Any) -> Trunk:
        assert carrier.served is not None
        values: dict[str, Any] = {
            "username": "demo",
            "password": "demo-password",
            "numbers": (NewNumber(number=DID),),
            "domain": "127.0.0.1",
        }
        return self.store.make_trunk(
            port=carrier.served.udp_port, transport=TransportName.UDP, **(values | given)
        )

    def place(self, trunk: Trunk, **given: Any) -> UUID:
        values: dict[str, Any] = {"called": TO, "ring_seconds": 5.0, "talk_seconds": 1.0} | given
        return self.store.installation.runs.calls.ask(self.store.caller, trunk.id, CallWish(**values)).id

    def call(self, trunk: Trunk, **given: Any) -> PlacedCall:
        """Place a call, and wait until it is over."""
        call_id = self.place(trunk, **given)
        until = time.monotonic() + _SOON_SECONDS
        while call_id not in self.done:
            assert time.monotonic() < until
            self.told.wait(0.1)
        return self.found(trunk, call_id)

    def found(self, trunk: Trunk, call_id: UUID) -> PlacedCall:
        return self.store.installation.runs.calls.get(self.store.caller, trunk.id, call_id)


def store_of(installation: Installation) -> RunStore:
    runs = installation.runs
    return RunStore(runs.claims, runs.recovery, runs.address_limits, runs.open_calls)


@pytest.fixture
def desk(make_store: Callable[[Settings], Store], tmp_path: Path) -> Iterator[Desk]:
    settings = load_settings(
        data_dir=tmp_path / "var", allow_networks="127.0.0.0/8", verify_timeout_seconds=5.0
    )
    store = make_store(settings)
    store.installation.tenancy.tenants.change_calls(
        store.tenant, allow_test_calls=True, call_countries=["DE"]
    )
    engine = EngineLoop(settings.engine_settings(), timeout_seconds=5)
    engine.start()
    found = Desk(store, engine, [], threading.Event())

    def on_done(call_id: UUID) -> None:
        found.done.append(call_id)
        found.told.set()

    installation = store.installation
    maker = CallMaker(
        installation.runs.call_claims,
        store_of(installation),
        installation.secrets,
        installation.tenancy.keys.credential_hash(),
        DEFAULT_PORTS,
        None,
        on_done,
    )
    engine.begin(CallDesk(installation.runs.call_claims, maker).run)
    yield found
    engine.stop()


@pytest.mark.parametrize(
    ("calls", "outcome", "reason"),
    [
        (CallBehaviour.ECHO, CallVerdict.ANSWERED, "call-answered"),
        (CallBehaviour.BUSY, CallVerdict.REFUSED, "call-busy"),
        (CallBehaviour.FORBID, CallVerdict.REFUSED, "call-forbidden"),
    ],
)
def test_what_became_of_it(calls: CallBehaviour, outcome: CallVerdict, reason: str, desk: Desk) -> None:
    """A call changes nothing of the trunk."""
    with Carrier(calls) as carrier:
        trunk = desk.trunk(carrier)
        found = desk.call(trunk)
        assert (found.status, found.outcome, found.reason) == (VerificationStatus.DONE, outcome, reason)
        assert found.report is not None
        assert (found.report["number"], found.report["caller"]) == (TO, DID)
        assert found.report["format"] in (None, "+e164")
        assert "demo-password" not in str(found.report)
    after = desk.store.trunk(trunk.id)
    assert (after.is_verified, after.generation, desk.store.flips(trunk.id)) == (False, 1, [])


@pytest.mark.parametrize("form", [WayForm.ROUTE, WayForm.TARGET])
def test_it_goes_where_the_trunks_calls_go(form: WayForm, desk: Desk) -> None:
    """At the trunk's own address nobody answers; its way leads to the carrier."""
    with Carrier(CallBehaviour.ECHO) as carrier:
        assert carrier.served is not None
        trunk = desk.trunk(carrier, domain="127.0.0.9")
        edge = WayEdge(
            host="127.0.0.1",
            address="127.0.0.1",
            port=carrier.served.udp_port or 0,
            transport=TransportName.UDP,
        )
        way = OutboundWay(form=form, reason="It answers.", callable=True, edge=edge, host=edge.host)
        destination_id = trunk.gateways[0].destination_id
        with desk.store.installation.database.write() as session:
            kept = KeptWay(way, trunk.generation, destination_id, utc_now())
            OutboundWays(session).keep({trunk.id: kept})
        found = desk.call(trunk)
    assert found.outcome is CallVerdict.ANSWERED
    told = str(found.report)
    assert f"INVITE sip:{TO}@" + {WayForm.ROUTE: "127.0.0.9", WayForm.TARGET: "127.0.0.1"}[form] in told
    assert ("Route: <sip:127.0.0.1:" in told) is (form is WayForm.ROUTE)


def test_a_refused_password_is_frozen_for_calls_and_verifications(desk: Desk) -> None:
    with Carrier(CallBehaviour.ECHO) as carrier:
        trunk = desk.trunk(carrier, password="not this one")
        assert desk.call(trunk).reason == Reason.CREDENTIALS_REJECTED
        assert carrier.served is not None
        assert carrier.served.authenticated_attempts == 1
        assert desk.call(trunk).reason == Reason.CREDENTIALS_FROZEN
        assert carrier.served.authenticated_attempts == 1


def test_refused_passwords_are_guesses_whatever_they_were_sent_for(desk: Desk) -> None:
    """Three of an account, each on a trunk of its own: the fourth does not leave, right as it is."""
    with Carrier(CallBehaviour.ECHO) as carrier:
        for guess in range(3):
            trunk = desk.trunk(carrier, name=f"guess {guess}", password=f"guess {guess}", numbers=())
            found = desk.call(trunk, called=f"+4930123456{guess}")
            assert found.reason == Reason.CREDENTIALS_REJECTED
        right = desk.trunk(carrier, name="right", numbers=())
        assert desk.call(right, called=TO).reason == Reason.CREDENTIALS_FROZEN
        assert carrier.served is not None
        assert carrier.served.authenticated_attempts == 3


def test_the_form_that_was_taken_becomes_the_trunks(desk: Desk) -> None:
    """The practice carrier takes digits alone; `apply` sets them, and without it nothing is set."""
    with Carrier(CallBehaviour.ECHO, NumberForm.E164) as carrier:
        trunk = desk.trunk(carrier)
        profiles = desk.store.installation.catalog.views
        for apply, kept in ((False, CallingFormat.PLUS_E164), (True, CallingFormat.E164)):
            found = desk.call(trunk, format=None, apply=apply)
            assert found.report is not None
            assert found.report["format"] == "e164"
            assert profiles.get(desk.store.caller, trunk.id).profile.calling_format is kept


@pytest.mark.parametrize("calls", [CallBehaviour.RING, CallBehaviour.ECHO])
def test_a_worker_that_stops_ends_its_calls(calls: CallBehaviour, desk: Desk) -> None:
    """CANCEL where it rings, BYE where it was taken; the call is recorded as broken off."""
    end = "CANCEL" if calls is CallBehaviour.RING else "BYE"
    with Carrier(calls) as carrier:
        trunk = desk.trunk(carrier)
        call_id = desk.place(trunk, ring_seconds=30.0, talk_seconds=30.0)
        until = time.monotonic() + _SOON_SECONDS
        # Rings once the second INVITE is there; taken once its ACK is (the first answers the challenge).
        wanted = {"RING": ("INVITE", 2), "ECHO": ("ACK", 2)}[calls.name]
        while carrier.methods().count(wanted[0]) < wanted[1]:
            assert time.monotonic() < until
            time.sleep(0.05)
        desk.engine.stop()
        assert carrier.methods().count(end) == 1
    found = desk.found(trunk, call_id)
    assert (found.status, found.outcome) == (VerificationStatus.DONE, CallVerdict.INCONCLUSIVE)
