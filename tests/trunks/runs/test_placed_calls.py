"""Test calls as rows, on both engines: asked for, limited, claimed, kept, and ended when their worker is gone."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from sipcheck.reasons import CallVerdict
from sipcheck.target import HostPort, TransportName
from sipcheck.transaction.invite.call_mark import CallMark, DialogMark
from tests.trunks.forms import Store
from trunks.catalog.new_trunk import NewNumber
from trunks.errors import (
    CallerNotYours,
    CallInProgress,
    CallLimitReached,
    CallNotFound,
    CallsNotAllowed,
    NumberNotAllowed,
    Refused,
    TrunkNotFound,
)
from trunks.models.placed_call import PlacedCall
from trunks.models.trunk import Trunk
from trunks.models.verification import VerificationStatus
from trunks.runs.calls.wish import CallWish
from trunks.tenancy.tenants import Caller

MARK = CallMark(
    host="sip.carrier.example",
    address="2001:db8::1",
    port=5061,
    transport=TransportName.TLS,
    tls_name="sip.carrier.example",
    sent_by=HostPort("192.0.2.1", 40000),
    branch="z9hG4bKa",
    cseq=2,
    request_uri="sip:+4930123456@sip.carrier.example",
    from_uri="sip:alice@sip.carrier.example",
    to_uri="sip:+4930123456@sip.carrier.example",
    call_id="c",
    from_tag="f",
    user_agent="sipcheck",
    route=None,
    dialog=DialogMark(
        remote_tag="t", remote_target="sip:peer@192.0.2.9", routes=("<sip:192.0.2.8;lr>",), readable=True
    ),
)
DID, OTHER_DID = "+493012345678", "+493012345679"


def numbers(count: int, first: int = 30) -> list[str]:
    """So many telephones in Berlin."""
    return [f"+49301234{first + n:04}" for n in range(count)]


def tenant(store: Store, name: str, **given: Any) -> Caller:
    tenants = store.installation.tenancy.tenants
    tenants.create_environment(name, **given)
    caller = tenants.authenticate(tenants.create_token(name))
    assert caller is not None
    return caller


@pytest.fixture
def trunk(store: Store) -> Trunk:
    store.installation.tenancy.tenants.change_calls(store.tenant, allow_test_calls=True)
    return store.make_trunk(numbers=(NewNumber(number=DID),))


def ask(store: Store, trunk: Trunk, to: str, *, by: Caller | None = None, **given: Any) -> PlacedCall:
    wish = CallWish(called=to, **given)
    return store.installation.runs.calls.ask(by or store.caller, trunk.id, wish)


def make(store: Store, trunk: Trunk, to: str) -> None:
    """Ask for a call, and let it come to nothing."""
    call = ask(store, trunk, to)
    (claimed,) = store.installation.runs.call_claims.claim(limit=5)
    assert claimed.id == call.id
    assert store.installation.runs.call_claims.finish(claimed, None)


def test_a_call_from_its_wish_to_its_end(store: Store, trunk: Trunk) -> None:
    runs = store.installation.runs
    call = ask(store, trunk, "+49 30 1234-56", format=None, apply=True)
    assert (call.status, call.called, call.caller) == (VerificationStatus.QUEUED, "+4930123456", DID)
    with pytest.raises(CallInProgress):
        ask(store, trunk, "+4930123457")
    (claimed,) = runs.call_claims.claim(limit=5)
    assert runs.call_claims.claim(limit=5) == []
    assert (claimed.wish.called, claimed.wish.caller, claimed.wish.apply) == ("+4930123456", DID, True)
    store.clock.advance(29)
    assert runs.call_claims.renew(claimed)
    store.clock.advance(29)
    assert runs.call_claims.claim_lost(limit=5) == []
    runs.call_claims.write_down(claimed, MARK.call_id, (MARK,))
    store.clock.advance(2)
    # Its end comes first: it is recorded once nobody has to end it any more.
    assert runs.call_claims.claim_lost(limit=5) == []
    store.clock.advance(29)
    (up,) = runs.open_calls.claim_lost(limit=5)
    assert (up.run_id, up.marks) == (call.id, (MARK,))
    assert runs.open_calls.claim_lost(limit=5) == []
    runs.open_calls.ended(up)
    (lost,) = runs.call_claims.claim_lost(limit=5)
    assert lost.id == call.id
    assert runs.call_claims.claim_lost(limit=5) == []
    assert runs.call_claims.finish(lost, None)
    # A worker that is only slow writes nothing then, and the call is made no second time.
    assert not runs.call_claims.renew(claimed)
    assert not runs.call_claims.finish(claimed, None)
    found = runs.calls.get(store.caller, trunk.id, call.id)
    assert (found.status, found.outcome, found.reason, found.report) == (
        VerificationStatus.DONE,
        CallVerdict.INCONCLUSIVE,
        "cancelled",
        None,
    )
    assert runs.call_claims.claim(limit=5) == []
    assert runs.calls.done_among({call.id}) == {call.id}
    assert [each.id for each in runs.calls.page(store.caller, trunk.id, limit=5)] == [call.id]


def test_ten_in_a_quarter_of_an_hour_whatever_becomes_of_their_trunks(store: Store, trunk: Trunk) -> None:
    for number in numbers(9):
        make(store, trunk, number)
        store.clock.advance(10)
    other = store.make_trunk(name="another")
    make(store, other, numbers(1, first=50)[0])
    store.installation.catalog.trunks.remove(store.caller, other.id)
    with pytest.raises(CallLimitReached) as refused:
        ask(store, trunk, numbers(1, first=60)[0])
    assert refused.value.retry_after_seconds == 15 * 60 - 90
    store.clock.advance(15 * 60 - 90)
    make(store, trunk, numbers(1, first=60)[0])


def test_one_number_is_called_three_times_an_hour_by_all_together(store: Store, trunk: Trunk) -> None:
    to = numbers(1)[0]
    caller = tenant(store, "neighbour", allow_test_calls=True, call_countries=["DE"])
    for _ in range(3):
        make(store, trunk, to)
    store.caller = caller
    theirs = store.make_trunk(name="theirs")
    with pytest.raises(CallLimitReached, match="This number was called often enough"):
        ask(store, theirs, to)
    # What was refused counts nowhere.
    assert ask(store, theirs, numbers(1, first=70)[0]).status is VerificationStatus.QUEUED


REFUSED: dict[str, tuple[dict[str, Any], type[Refused], str]] = {
    "no number": ({"to": "alice"}, NumberNotAllowed, "international form"),
    "short": ({"to": "110"}, NumberNotAllowed, "short number"),
    "emergency": ({"to": "+112"}, NumberNotAllowed, "international form"),
    "premium": ({"to": "+499001234567"}, NumberNotAllowed, "costs extra"),
    "satellite": ({"to": "+881612345678"}, NumberNotAllowed, "satellites"),
    "of no country": ({"to": "+88212345678"}, NumberNotAllowed, "no country"),
    "impossible": ({"to": "+1415555123"}, NumberNotAllowed, "too short"),
    "another country": ({"to": "+33123456789"}, NumberNotAllowed, "DE"),
    "a stranger's number": ({"to": "+4930123456", "caller": OTHER_DID}, CallerNotYours, OTHER_DID[1:]),
    "no number as caller": ({"to": "+4930123456", "caller": "alice"}, CallerNotYours, "alice"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_what_is_refused_before_a_packet(case: str, store: Store, trunk: Trunk) -> None:
    given, kind, said = REFUSED[case]
    with pytest.raises(kind, match=said):
        ask(store, trunk, **given)
    assert store.installation.runs.call_claims.claim(limit=5) == []


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_only_whom_the_operator_allows(store: Store) -> None:
    trunk = store.make_trunk()
    tenants = store.installation.tenancy.tenants

    def refused(kind: type[Refused], to: str = "+4930123456") -> None:
        with pytest.raises(kind):
            ask(store, trunk, to)

    refused(CallsNotAllowed)
    tenants.change_calls(store.tenant, allow_test_calls=True)
    refused(NumberNotAllowed)  # it has no number, so there is no country
    tenants.change_calls(store.tenant, call_countries=["FR"])
    refused(NumberNotAllowed)
    tenants.change_calls(store.tenant, call_countries=["DE", "FR"])
    call = ask(store, trunk, "+4930123456")
    stranger = tenant(store, "stranger", allow_test_calls=True)
    with pytest.raises(TrunkNotFound):
        store.installation.runs.calls.get(stranger, trunk.id, call.id)
    other = store.make_trunk(name="another")
    with pytest.raises(CallNotFound):
        store.installation.runs.calls.get(store.caller, other.id, call.id)
    with pytest.raises(TrunkNotFound):
        ask(store, trunk, "+4930123456", by=stranger)


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_calls_are_kept_like_verifications_and_quotas_for_a_day(store: Store, trunk: Trunk) -> None:
    make(store, trunk, "+4930123456")
    removed: Counter[str] = Counter()
    store.clock.advance(timedelta(days=91).total_seconds())
    for _ in range(40):
        removed.update(store.installation.cleaning.turn())
    assert (removed["placed_calls"], removed["call_quotas"]) == (1, 2)
    assert not store.installation.runs.calls.page(store.caller, trunk.id, limit=5)
