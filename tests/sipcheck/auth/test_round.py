"""What a second challenge means (RFC 3261 §22.2, §22.3; docs/design/sip.md, requirement 15)."""

import pytest

from sipcheck.auth.round import AuthenticationRound
from sipcheck.credentials import Credentials
from sipcheck.phrases.words import phrase
from sipcheck.reasons import Cause, Reason

EDGE = 'Digest realm="edge", nonce="n1", algorithm=MD5, qop="auth"'
EDGE_AGAIN = EDGE.replace("n1", "n2")
EDGE_STALE = f"{EDGE_AGAIN}, stale=true"
CORE = EDGE.replace("edge", "core")


def credentials(*realms: str) -> Credentials:
    return Credentials("alice", "secret", realms=realms)


def answered(state: AuthenticationRound, www: list[str], proxy: list[str], *realms: str) -> list[str] | None:
    """Name the realms that are answered, a proxy's with a star; None where nothing is."""
    chosen = state.to_answer(www, proxy, credentials(*realms))
    return None if chosen is None else [each.realm_name + ("*" if each.proxy else "") for each in chosen]


REFUSALS = {
    "nothing": [],
    "the-same-realm": [EDGE_AGAIN],
    "the-very-same": [EDGE],
    "unreadable": ['Digest realm="edge'],
    "no-nonce": ['Digest realm="edge"'],
    "basic": ['Basic realm="edge"'],
    "unknown-algorithm": ['Digest realm="edge", nonce="n", algorithm=SHA-1'],
    "empty": [""],
    "the-same-realm-beside-another": [CORE, EDGE_AGAIN],
    "escaped": ['Digest realm="ed\\ge", nonce="n2", algorithm=MD5'],
}


@pytest.mark.parametrize("second", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("proxy", [False, True], ids=["401", "407"])
@pytest.mark.parametrize("realms", [(), ("edge",)], ids=["any-realm", "configured"])
def test_a_second_challenge_that_brings_nothing_new_is_a_refusal(
    second: list[str], proxy: bool, realms: tuple[str, ...]
) -> None:
    state = AuthenticationRound()

    def side(values: list[str]) -> tuple[list[str], list[str]]:
        return ([], values) if proxy else (values, [])

    assert answered(state, *side([EDGE]), *realms) == ["edge*" if proxy else "edge"]
    assert answered(state, *side(second), *realms) is None
    assert (state.rejected, state.withheld, state.stale_loop) == (True, None, False)


def test_a_stale_nonce_is_renewed_once() -> None:
    state = AuthenticationRound()
    answered(state, [EDGE], [])
    assert answered(state, [EDGE_STALE], []) == ["edge"]
    assert answered(state, [EDGE_STALE], []) is None
    assert (state.rejected, state.stale_loop) == (False, True)


def test_a_second_realm_that_nobody_configured_is_not_answered() -> None:
    state = AuthenticationRound()
    answered(state, [EDGE], [])
    assert answered(state, [CORE], []) is None
    assert (state.rejected, state.withheld, state.cause) == (False, None, Cause.SECOND_REALM)
    assert state.sentence is not None
    assert (
        phrase(state.sentence)
        == "the realm 'edge' was answered, and then 'core' was asked for, which was not"
    )


def test_a_second_realm_that_is_not_allowed_is_not_answered() -> None:
    state = AuthenticationRound()
    answered(state, [EDGE], [], "edge")
    assert answered(state, [CORE], [], "edge") is None
    assert (state.rejected, state.withheld, state.cause) == (False, Reason.REALM_MISMATCH, Cause.SECOND_REALM)


def test_configured_realms_are_each_answered_once() -> None:
    state = AuthenticationRound()
    assert answered(state, [EDGE], [], "edge", "core") == ["edge"]
    assert answered(state, [CORE], [], "edge", "core") == ["edge", "core"]
    assert answered(state, [CORE], [], "edge", "core") is None
    assert state.rejected


def test_a_407_of_several_realms_is_answered_for_those_that_are_configured() -> None:
    """RFC 3261 §22.3: a proxy that forks gathers the challenges of all its branches."""
    other = EDGE.replace("edge", "other")
    assert answered(AuthenticationRound(), [], [EDGE, other, CORE], "edge", "core") == ["edge*", "core*"]


def test_of_several_realms_the_first_is_answered_where_none_is_configured() -> None:
    stronger = CORE.replace("MD5", "SHA-256")
    assert answered(AuthenticationRound(), [], [EDGE, stronger]) == ["edge*"]


def test_a_hop_that_is_satisfied_goes_on_being_answered() -> None:
    state = AuthenticationRound()
    assert answered(state, [], [EDGE]) == ["edge*"]
    assert answered(state, [CORE], []) == ["edge*", "core"]
    assert answered(state, [CORE], []) is None
    assert state.rejected


def test_what_another_hop_asks_for_and_cannot_be_answered_is_no_refusal() -> None:
    """The proxy was satisfied: what is wrong is the form of the registrar's own challenge."""
    state = AuthenticationRound()
    answered(state, [], [EDGE])
    assert answered(state, ['Digest realm="core", nonce="n", algorithm=SHA-1'], []) is None
    assert (state.rejected, state.withheld) == (False, Reason.AUTH_ALGORITHM_UNSUPPORTED)
