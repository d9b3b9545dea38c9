"""The claims of sentences are held against what was seen: that they are found, and that a false one is."""

import re
from dataclasses import fields, replace
from string import Formatter

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason
from sipcheck.diagnosis.details import worded
from sipcheck.diagnosis.sentences import TEMPLATES, TEXTS, Facts, render, sentences
from sipcheck.diagnosis.texts.checks import CHECKS
from sipcheck.diagnosis.texts.warnings import WARNINGS
from sipcheck.phrases.sentence import Parameter, Sentence
from tests.sipcheck.provoked.claims import CLAIMS, assert_claims
from tests.sipcheck.provoked.field_rows import SILENT_SECONDS, FieldRow, challenge, scripted, verify_row

# Words by which a sentence says that something went, came, or did not.
TELLING = re.compile(
    r"\b(?:was sent|were not sent|was not sent|none was sent|asked for|asks for|answered|was given|accepted|rejects|"
    r"unanswered|no final answer|no answer|refused|was cut|broke off|closed the|lost|expired|does not exist|"
    r"unreachable|was not tried|were tested|sent again|came|sees us|went|not asked|(?:was|were) (?:used|probed)|found|"
    r"judged, none|neither sent|nothing was sent|"
    r"does not answer|of no use|expires|names the domain|fits only|not quite)\b"
)
# What is said of a certificate, a name or a request in general; the field's own text names the observation.
NOT_OF_THE_EXCHANGE = {
    "asks for a certificate of ours",
    "Too many passwords were refused at this carrier within a quarter of an hour",
    "the strict setting asks for",
    "was cut short by us",
    "an address was given",
    "SRV is not asked",
    # What another's way would be beside ours; tests/sipcheck/engine/test_infrastructure.py holds it to both.
    "none of the ways that were found here",
    "the way that RFC 3263 asks for leads nowhere",
    "that one is of no use",
}
FACTS = Facts(
    domain="carrier.test",
    where="127.0.0.1:5060/udp",
    method="REGISTER",
    answer="480 Gone",
    username="alice",
    detail="so it was",
    contacts="edge2.carrier.example",
)

# What a check or a warning names, where it is no number.
NAMED = {
    "method": "OPTIONS",
    "other": "REGISTER",
    "answer": "503 Nothing",
    "edge": "127.0.0.1:5060/udp",
    "received": "192.0.2.1:5060",
    "local": "127.0.0.1:5060",
    "status": "100",
    "detail": "so it was",
}

PROVEN = FieldRow(
    name="proven",
    script=scripted(register=[(401, [challenge()]), (200, [])]),
    outcome=Outcome.VERIFIED,
    reason=Reason.CREDENTIALS_PROVEN,
    credentials=CredentialState.PROVEN,
    party=Party.NOBODY,
    exit_status=0,
)
SILENT = replace(PROVEN, name="silent", script=lambda _: [], options={"timeout_seconds": SILENT_SECONDS})


@pytest.mark.parametrize(("reason", "cause"), TEXTS, ids=str)
def test_every_telling_word_of_a_summary_is_a_claim_that_is_checked(
    reason: Reason, cause: Cause | None
) -> None:
    said = render(sentences(reason, cause, FACTS)[0])
    for phrase in NOT_OF_THE_EXCHANGE:
        said = said.replace(phrase, "")
    checked = [match.span() for claim in CLAIMS for match in claim.phrase.finditer(said)]
    for word in TELLING.finditer(said):
        assert any(start < word.end() and word.start() < end for start, end in checked), (word[0], said)


@pytest.mark.parametrize("key", [*CHECKS, *WARNINGS])
def test_every_telling_word_of_a_check_or_a_warning_is_a_claim_that_is_checked(key: str) -> None:
    names = {name for _, name, _, _ in Formatter().parse(TEMPLATES[key]) if name}
    said = worded([Sentence(key, {name: NAMED.get(name, "7") for name in names})])
    for phrase in NOT_OF_THE_EXCHANGE:
        said = said.replace(phrase, "")
    checked = [match.span() for claim in CLAIMS for match in claim.phrase.finditer(said)]
    for word in TELLING.finditer(said):
        assert any(start < word.end() and word.start() < end for start, end in checked), (word[0], said)


@pytest.mark.parametrize(
    "false",
    [
        "127.0.0.1 refused the password, and none was sent.",
        "OPTIONS was answered with 503 Nothing.",
        "The carrier asked for no password.",
        "127.0.0.1 is silent.",
        "REGISTER stayed unanswered while OPTIONS was answered.",
        "REGISTER was sent again 3 times: packets get lost.",
        "The certificate has expired.",
        "The trunk's domain does not exist.",
        "The connection was cut once it was sent.",
    ],
)
async def test_a_false_sentence_is_found(false: str) -> None:
    report = await verify_row(PROVEN)
    assert_claims(report)
    with pytest.raises(AssertionError, match="is said, and not so"):
        assert_claims(replace(report, summary=false))


@pytest.mark.parametrize(
    "false",
    ["It was given the password.", "It asked for the password.", "REGISTER: 401 Unauthorized", "(200 OK)"],
)
async def test_a_false_sentence_of_silence_is_found(false: str) -> None:
    report = await verify_row(SILENT)
    assert_claims(report)
    with pytest.raises(AssertionError, match="is said, and not so"):
        assert_claims(replace(report, advice=false))


def test_what_a_sentence_may_name_is_text() -> None:
    assert all(field.type in (str, Parameter) for field in fields(Facts))
