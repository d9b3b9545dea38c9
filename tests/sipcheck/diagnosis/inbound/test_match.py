"""The match held to a model of the facts that was written by itself."""

from hypothesis import given
from hypothesis import strategies as st

from sipcheck.diagnosis.inbound.call import IncomingCall
from sipcheck.diagnosis.inbound.explain import explain
from sipcheck.diagnosis.inbound.match import MatchedBy, match
from sipcheck.diagnosis.inbound.numbers import are_equal, normalised
from sipcheck.diagnosis.inbound.reasons import InboundReason
from sipcheck.diagnosis.inbound.standing import DispatchRule, InboundTrunk, Standing
from tests.sipcheck.diagnosis.inbound import model

# Few of each, in all forms that are compared, so that they meet.
NUMBERS = [
    *("+14155551234", "14155551234", "+1 (415) 555-1234", "1-415-555-1234", "0014155551234", "4155551234"),
    *(
        "%2B14155551234",
        "+14155551234;npdi",
        "tel:+14155551234",
        "1000",
        "+1000",
        "agent",
        "Agent",
        "",
        "+",
        "-",
    ),
]
ADDRESSES = ["203.0.113.7", "203.0.113.8", "198.51.100.1", "2001:db8::7", "::ffff:203.0.113.7"]
ENTRIES = [
    *("203.0.113.7", "203.0.113.7/32", "203.0.113.0/24", "203.0.113.9/24", "0.0.0.0/0", "198.51.100.1/32"),
    *("2001:db8::7", "2001:db8::/32", "::/0", "::ffff:203.0.113.7", "[2001:db8::7]", "sip.carrier.example"),
    *(
        "203.0.113.7/032",
        "203.0.113.7/33",
        "203.0.113.0/255.255.255.0",
        "203.0.113.7, 203.0.113.8",
        "sip://a",
    ),
    *("300.0.0.1", "203.0.113.07", "", "/", "203.0.113.7/"),
]
HOSTS = [None, "203.0.113.7", "203.0.113.7/32", "sip.carrier.example", "198.51.100.1", ""]

numbers = st.sampled_from(NUMBERS)
some_numbers = st.lists(numbers, max_size=3).map(tuple)
calls = st.builds(
    IncomingCall,
    called=numbers,
    request_uri_user=st.none() | numbers,
    caller=st.none() | numbers,
    from_host=st.sampled_from(HOSTS),
    source_ip=st.sampled_from(ADDRESSES),
)


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    trunks = tuple(
        InboundTrunk(
            id=f"ST_{index}",
            numbers=draw(some_numbers),
            allowed_addresses=draw(st.lists(st.sampled_from(ENTRIES), max_size=3).map(tuple)),
            allowed_numbers=draw(st.just(()) | some_numbers),
            asks_password=draw(st.booleans()),
        )
        for index in range(draw(st.integers(0, 4)))
    )
    ids = [trunk.id for trunk in trunks] + ["ST_gone"]
    rules = tuple(
        DispatchRule(
            id=f"SDR_{index}",
            trunk_ids=draw(st.lists(st.sampled_from(ids), max_size=2).map(tuple)),
            numbers=draw(st.just(()) | some_numbers),
            callers=draw(st.just(()) | some_numbers),
        )
        for index in range(draw(st.integers(0, 3)))
    )
    return Standing(trunks=trunks, rules=rules)


@given(calls, standings())
def test_a_call_is_matched_as_the_facts_say(call: IncomingCall, standing: Standing) -> None:
    found, taken = match(call, standing), model.take(call, standing)
    assert found.is_conflict == taken.conflict
    if taken.conflict:
        assert (found.rule, found.by) == (None, None)
        return
    assert [trunk.id for trunk in found.trunks] == ([] if taken.trunk is None else [taken.trunk])
    assert (None if found.rule is None else found.rule.id) == taken.rule
    if taken.trunk is not None:
        assert found.by is (MatchedBy.DEFAULT if taken.by_default else MatchedBy.NUMBER)
    else:
        assert found.by is (None if taken.rule is None else MatchedBy.WILDCARD_RULE)


@given(numbers | st.text(max_size=20), numbers | st.text(max_size=20))
def test_numbers_are_compared_as_the_facts_say(one: str, other: str) -> None:
    assert normalised(one) == model.number(one)
    assert are_equal(one, other) == (model.number(one) == model.number(other))


_ENDING = {
    InboundReason.CALLED_NUMBER_DIFFERS,
    InboundReason.NUMBER_IN_REQUEST_URI_ONLY,
    InboundReason.CALLER_NOT_ALLOWED,
    InboundReason.SOURCE_NOT_ALLOWED,
    InboundReason.CONFLICT,
    InboundReason.NO_DISPATCH_RULE,
}


@given(calls, standings(), st.sets(st.sampled_from([f"ST_{index}" for index in range(4)])))
def test_a_trunk_has_a_reason_exactly_where_it_does_not_take_the_call(
    call: IncomingCall, standing: Standing, about: set[str]
) -> None:
    taken = model.take(call, standing)
    explained = explain(call, standing, about)
    takes = taken.trunk if taken.rule is not None and taken.trunk in about else None
    assert explained.matched == takes
    with_reason = {each.trunk_id for each in explained.findings if each.reason in _ENDING}
    for trunk in standing.trunks:
        if trunk.id not in about or trunk.id == takes:
            assert trunk.id not in with_reason
        elif trunk.numbers or taken.by_default:
            assert trunk.id in with_reason


@given(calls, standings(), st.sets(st.sampled_from(["ST_0", "ST_1"])))
def test_nothing_is_told_of_trunks_that_are_not_asked_about(
    call: IncomingCall, standing: Standing, about: set[str]
) -> None:
    """What others have may be anything else that leads to the same: the answer does not tell."""
    explained = explain(call, standing, about)
    said = repr(explained)
    for trunk in standing.trunks:
        if trunk.id not in about:
            assert trunk.id not in said
    assert all(rule.id not in said for rule in standing.rules)
