"""The page of test calls, held against the code; its example is run by the tests of the command."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from sipcheck.cli.main import app
from sipcheck.diagnosis.call_rules import BY_STATUS, CALL_RULINGS, CallWords, call_ruling, refusal
from sipcheck.diagnosis.texts.calls import CALL_TEXTS
from sipcheck.reasons import CallCause, CallReason, CallVerdict, Party
from sipcheck.report.call_report import (
    CallAttempt,
    CallMedia,
    CallReport,
    CallSip,
    CallTiming,
    CallWarning,
)

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "calls.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "design" / "command-line.md").read_text(encoding="utf-8")
SECTION = re.search(r"^## `sipcheck call .*?(?=^## )", COMMANDS, re.MULTILINE | re.DOTALL)


def test_each_reason_has_its_section_with_what_it_comes_to() -> None:
    told = re.findall(r"^### ([\w-]+)\n\n([a-z]+) · ([a-z]+)\.", PAGE, re.MULTILINE)
    assert told == [(each, ruling.verdict, ruling.party) for each, ruling in CALL_RULINGS.items()]
    assert list(CALL_RULINGS) == list(CallReason)


def test_each_reason_has_its_words() -> None:
    assert {reason for reason, cause in CALL_TEXTS if cause is None} == set(CallReason)
    assert {cause for _, cause in CALL_TEXTS if cause is not None} == set(CallCause)


@pytest.mark.parametrize("status", sorted(BY_STATUS))
def test_each_status_is_told_in_its_section(status: int) -> None:
    section = re.search(rf"^### {BY_STATUS[status]}\n(.*?)(?=^###|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert str(status) in section[1] or status == 487


def test_the_options_and_the_fields_are_those_of_the_code() -> None:
    assert SECTION is not None
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    real = {
        option for each in command.commands["call"].params for option in each.opts if option.startswith("--")
    }
    table = "\n".join(line for line in SECTION[0].splitlines() if line.startswith("|"))
    told = {
        option for line in table.splitlines() for option in re.findall(r"`(--[a-z-]+)", line.split("|")[1])
    }
    assert told == real - {"--help"}
    words = set(re.findall(r"\w+", SECTION[0]))
    for value in (CallReport, CallSip, CallTiming, CallMedia, CallAttempt, CallWarning):
        assert {field.name for field in fields(value)} <= words


def test_a_cause_on_our_side_sends_to_nobody_else() -> None:
    found = call_ruling(CallReason.MEDIA_SILENT, CallCause.OUR_NAT)
    assert (found.verdict, found.party) == (CallVerdict.INCONCLUSIVE, Party.OURS)


# A last answer with the carrier's own words, and what it says of the call.
WORDS = [
    (503, "Call Limit Exceeded", CallReason.CALL_LIMIT_REACHED),
    (486, "Too Many Calls", CallReason.CALL_LIMIT_REACHED),
    (403, "Maximum concurrent calls reached", CallReason.CALL_LIMIT_REACHED),
    (480, "No channels: capacity exceeded", CallReason.CALL_LIMIT_REACHED),
    (603, "CPS limit", CallReason.CALL_LIMIT_REACHED),
    (403, "Caller ID not allowed", CallReason.CALLER_REFUSED),
    (403, "Invalid CLI", CallReason.CALLER_REFUSED),
    (400, "Invalid From number", CallReason.CALLER_REFUSED),
    (488, "SRTP required", CallReason.ENCRYPTION_REQUIRED),
    (488, "Crypto missing", CallReason.ENCRYPTION_REQUIRED),
    (403, "Forbidden", CallReason.CALL_FORBIDDEN),
    (403, "Client not found", CallReason.CALL_FORBIDDEN),
    (503, "Service Unavailable", None),
    (500, "Server Internal Error", None),
    (400, "Bad Request", None),
    (408, "Request Timeout", None),
    (486, "Busy Here", CallReason.CALL_BUSY),
    (499, "Whatever", CallReason.CALL_UNAVAILABLE),
    (699, "Whatever", CallReason.CALL_UNAVAILABLE),
    (302, "Moved", None),
    (200, "OK", None),
]


@pytest.mark.parametrize(("status", "phrase", "reason"), WORDS)
def test_the_carriers_own_words_go_before_its_code(
    status: int, phrase: str, reason: CallReason | None
) -> None:
    assert refusal(CallWords(status=status, phrase=phrase)) is reason
    assert refusal(CallWords(status=status, facts={"Warning": f'399 edge "{phrase}"'})) in (
        reason,
        BY_STATUS.get(status),
    )


def test_encryption_that_was_offered_is_what_is_refused() -> None:
    words = CallWords(status=488, phrase="SRTP not supported", encrypted=True)
    assert refusal(words) is CallReason.ENCRYPTION_REFUSED
