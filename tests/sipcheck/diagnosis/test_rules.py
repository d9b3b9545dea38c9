"""docs/design/sip.md, "Reasons": every row of the table that one edge's evidence can decide."""

import pytest

from sipcheck.diagnosis.evidence import EdgeEvidence, ExchangeResult, Proof
from sipcheck.diagnosis.rules import credential_state, deciding_edge, diagnose
from sipcheck.failure import Failure
from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.report.rulings import RULINGS, ruling


def options(status: int | None = None, **facts: object) -> ExchangeResult:
    return _exchange("OPTIONS", status, facts)


def register(status: int | None = None, **facts: object) -> ExchangeResult:
    return _exchange("REGISTER", status, facts)


def _exchange(method: str, status: int | None, facts: dict[str, object]) -> ExchangeResult:
    reason = facts.pop("failure", Reason.NO_RESPONSE if status is None else None)
    failure = Failure.of(reason, "message.no-answer") if isinstance(reason, Reason) else None
    return ExchangeResult(method=method, status=status, failure=failure, **facts)  # type: ignore[arg-type]


SENT = {"challenged": True, "credentials_sent": True}

WITH_CREDENTIALS = [
    # REGISTER settles the proof after an answered challenge
    (options(200), register(200, **SENT), Reason.CREDENTIALS_PROVEN),
    (options(403), register(200, **SENT), Reason.CREDENTIALS_PROVEN),
    (options(), register(200, **SENT), Reason.CREDENTIALS_PROVEN),
    (options(200), register(401, rejected=True, **SENT), Reason.CREDENTIALS_REJECTED),
    (options(200), register(407, rejected=True, **SENT), Reason.CREDENTIALS_REJECTED),
    (options(200), register(401, stale_loop=True, **SENT), Reason.AUTH_STALE_LOOP),
    (options(200), register(403, **SENT), Reason.REGISTRATION_FORBIDDEN),
    (options(200), register(404, **SENT), Reason.ACCOUNT_NOT_FOUND),
    (options(200), register(302, **SENT), Reason.SIP_REDIRECTED),
    (options(200), register(503, **SENT), Reason.SIP_SERVICE_UNAVAILABLE),
    (options(200), register(500, **SENT), Reason.SIP_SERVER_ERROR),
    (options(200), register(408, **SENT), Reason.SIP_REQUEST_TIMEOUT),
    (options(200), register(None, **SENT), Reason.SIP_REQUEST_TIMEOUT),
    (options(200), register(405, **SENT), Reason.ALIVE_CREDENTIALS_UNPROVEN),
    (options(200), register(501, **SENT), Reason.ALIVE_CREDENTIALS_UNPROVEN),
    # a challenge that was not answered
    (options(200), register(401, challenged=True, withheld=Reason.REALM_MISMATCH), Reason.REALM_MISMATCH),
    (
        options(200),
        register(401, challenged=True, withheld=Reason.AUTH_SCHEME_UNSUPPORTED),
        Reason.AUTH_SCHEME_UNSUPPORTED,
    ),
    (options(200), register(401, challenged=True), Reason.ALIVE_CREDENTIALS_UNPROVEN),
    # never challenged
    (options(200), register(200), Reason.ALIVE_CREDENTIALS_UNPROVEN),
    (options(200), register(400), Reason.ALIVE_CREDENTIALS_UNPROVEN),
    (options(200), register(403), Reason.ALIVE_CREDENTIALS_UNPROVEN),
    (options(200), register(604), Reason.ALIVE_CREDENTIALS_UNPROVEN),
    (options(200), register(501), Reason.ALIVE_CREDENTIALS_UNPROVEN),
    (options(200), register(), Reason.ALIVE_CREDENTIALS_UNPROVEN),
    (options(), register(403), Reason.ALIVE_CREDENTIALS_UNPROVEN),
    (options(403), register(403), Reason.SIP_FORBIDDEN),
    (options(403), register(), Reason.ALIVE_CREDENTIALS_UNPROVEN),
    (options(200), register(301), Reason.SIP_REDIRECTED),
    # an outage said to REGISTER counts, whatever OPTIONS said
    (options(200), register(503), Reason.SIP_SERVICE_UNAVAILABLE),
    (options(200), register(504), Reason.SIP_SERVER_ERROR),
    (options(200), register(408), Reason.SIP_REQUEST_TIMEOUT),
    (options(503), register(), Reason.SIP_SERVICE_UNAVAILABLE),
    (options(500), register(400), Reason.ALIVE_CREDENTIALS_UNPROVEN),
    (options(400), register(), Reason.SIP_BAD_REQUEST),
    # nothing at all, or nothing usable
    (options(), register(), Reason.NO_RESPONSE),
    (options(failure=Reason.SIP_NOT_SPOKEN), register(), Reason.SIP_NOT_SPOKEN),
    (options(), register(failure=Reason.SIP_MALFORMED_RESPONSE), Reason.SIP_MALFORMED_RESPONSE),
    (options(failure=Reason.DEADLINE_EXCEEDED), register(), Reason.NO_RESPONSE),
    (options(failure=Reason.DEADLINE_EXCEEDED), None, Reason.DEADLINE_EXCEEDED),
]


@pytest.mark.parametrize(("asked", "registered", "reason"), WITH_CREDENTIALS)
def test_credentials_given(asked: ExchangeResult, registered: ExchangeResult | None, reason: Reason) -> None:
    evidence = EdgeEvidence(options=asked, register=registered, credentials_given=True)
    assert diagnose(evidence) is reason


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (options(200), Reason.ALIVE),
        (options(302), Reason.ALIVE),
        (options(404), Reason.ALIVE),
        (options(405), Reason.ALIVE),
        (options(486), Reason.ALIVE),
        (options(501), Reason.ALIVE),
        (options(505), Reason.ALIVE),
        (options(603), Reason.ALIVE),
        (options(401, challenged=True), Reason.CREDENTIALS_MISSING),
        (options(407, challenged=True), Reason.CREDENTIALS_MISSING),
        (options(403), Reason.SIP_FORBIDDEN),
        (options(400), Reason.SIP_BAD_REQUEST),
        (options(414), Reason.SIP_BAD_REQUEST),
        (options(420), Reason.SIP_BAD_REQUEST),
        (options(408), Reason.SIP_REQUEST_TIMEOUT),
        (options(503), Reason.SIP_SERVICE_UNAVAILABLE),
        (options(500), Reason.SIP_SERVER_ERROR),
        (options(), Reason.NO_RESPONSE),
    ],
)
def test_no_credentials(asked: ExchangeResult, reason: Reason) -> None:
    assert diagnose(EdgeEvidence(options=asked)) is reason


@pytest.mark.parametrize(
    ("asked", "answered", "reason"),
    [
        (options(401, challenged=True), options(200, **SENT), Reason.CREDENTIALS_PROVEN),
        (options(401, challenged=True), options(401, rejected=True, **SENT), Reason.CREDENTIALS_REJECTED),
        (options(401, challenged=True), options(404, **SENT), Reason.ALIVE_CREDENTIALS_UNPROVEN),
        (options(200), None, Reason.ALIVE_CREDENTIALS_UNPROVEN),
    ],
)
def test_proof_by_options(asked: ExchangeResult, answered: ExchangeResult | None, reason: Reason) -> None:
    evidence = EdgeEvidence(
        options=asked, answered_options=answered, credentials_given=True, proof=Proof.OPTIONS
    )
    assert diagnose(evidence) is reason


@pytest.mark.parametrize("status", [200, 401, 407, 404])
def test_no_proof_wanted_makes_any_life_verified(status: int) -> None:
    evidence = EdgeEvidence(options=options(status), credentials_given=True, proof=Proof.NONE)
    assert diagnose(evidence) is Reason.ALIVE


@pytest.mark.parametrize("failure", [Reason.CONNECTION_REFUSED, Reason.TLS_EXPIRED, Reason.HOST_UNREACHABLE])
def test_a_connection_that_never_was(failure: Reason) -> None:
    assert diagnose(EdgeEvidence(connect_failure=Failure.of(failure, "message.no-answer"))) is failure


def test_an_answer_outweighs_a_connection_lost_later() -> None:
    evidence = EdgeEvidence(
        options=options(200),
        credentials_given=True,
        connect_failure=Failure.of(Reason.CONNECTION_REFUSED, "message.no-answer"),
    )
    assert diagnose(evidence) is Reason.ALIVE_CREDENTIALS_UNPROVEN


def edge(asked: ExchangeResult | None = None, registered: ExchangeResult | None = None) -> EdgeEvidence:
    return EdgeEvidence(
        options=asked,
        register=registered,
        credentials_given=registered is not None,
        proof=Proof.AUTO if registered is not None else Proof.NONE,
    )


@pytest.mark.parametrize(
    ("edges", "decisive"),
    [
        ([edge(options(200)), edge(options(200))], 0),
        ([edge(options()), edge(options(200))], 1),
        ([edge(options(503)), edge(options(200))], 1),
        ([edge(options()), edge(options())], 0),
        ([edge(options(200), register(503)), edge(options(200), register(200, **SENT))], 1),
        ([edge(options(200), register()), edge(options(200), register(200, **SENT))], 1),
        ([edge(options(200), register(503)), edge(options(200), register(401, rejected=True, **SENT))], 1),
        ([edge(options(200), register(503)), edge(options(200), register(503))], 0),
        ([edge(options(200), register(403)), edge(options(200), register(200, **SENT))], 0),
        ([edge(options(), register()), edge(options(200), register(200, **SENT))], 1),
        # a living edge that no proof was tried at never outvotes the one that was asked
        ([edge(options(200)), edge(options(200), register(405))], 1),
        ([edge(options(200)), edge(options(200), register(500, **SENT))], 1),
        ([edge(options(200)), edge(options(200), register(None, **SENT))], 1),
        # where nothing lives, the edge that was given the credentials speaks
        ([edge(options()), edge(options(), register(None, **SENT))], 1),
    ],
)
def test_the_edge_that_decides(edges: list[EdgeEvidence], decisive: int) -> None:
    """docs/design/command-line.md: the first living edge, or a later one where the proof followed 503 or silence."""
    assert deciding_edge(edges) == decisive


@pytest.mark.parametrize(
    ("evidence", "state"),
    [
        (EdgeEvidence(options=options(200)), CredentialState.NOT_TESTED),
        (
            EdgeEvidence(options=options(200), credentials_given=True, proof=Proof.NONE),
            CredentialState.NOT_TESTED,
        ),
        (
            EdgeEvidence(
                credentials_given=True, connect_failure=Failure.of(Reason.TLS_EXPIRED, "message.no-answer")
            ),
            CredentialState.NOT_TESTED,
        ),
        (
            EdgeEvidence(
                options=options(200),
                register=register(401, challenged=True, withheld=Reason.REALM_MISMATCH),
                credentials_given=True,
            ),
            CredentialState.NOT_TESTED,
        ),
        (
            EdgeEvidence(options=options(200), register=register(200), credentials_given=True),
            CredentialState.UNPROVEN,
        ),
        (
            EdgeEvidence(options=options(200), register=register(404, **SENT), credentials_given=True),
            CredentialState.UNPROVEN,
        ),
        (
            EdgeEvidence(options=options(200), register=register(200, **SENT), credentials_given=True),
            CredentialState.PROVEN,
        ),
        (
            EdgeEvidence(options=options(200), register=register(403, **SENT), credentials_given=True),
            CredentialState.REJECTED,
        ),
    ],
)
def test_what_is_known_of_the_credentials(evidence: EdgeEvidence, state: CredentialState) -> None:
    assert credential_state(diagnose(evidence), [evidence]) is state


def test_every_reason_has_a_ruling() -> None:
    assert set(RULINGS) == set(Reason)


def test_a_learned_realm_that_changes_is_inconclusive() -> None:
    assert ruling(Reason.REALM_MISMATCH).outcome is Outcome.FAILED
    assert ruling(Reason.REALM_MISMATCH, realm_learned=True).outcome is Outcome.INCONCLUSIVE
