"""docs/design names what there is: reasons, warnings, settings, options, fields, in the words of the code."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from sipcheck.cli.main import app
from sipcheck.reasons import Reason, WarningCode
from sipcheck.report.model import (
    Certificate,
    Check,
    CheckName,
    EdgeReport,
    Report,
    ReportWarning,
    TargetFacts,
    TraceStep,
)
from sipcheck.report.rulings import RULINGS
from trunks.installation.settings import setting_names
from trunks.rules.trunk_state import DEFINITE_REASONS, Cause, HealthStatus

FOLDER = Path(__file__).parents[1] / "docs" / "design"


def section(page: str, heading: str) -> str:
    text = (FOLDER / page).read_text(encoding="utf-8")
    assert f"\n## {heading}\n" in text
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def names(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_the_reasons_are_those_of_the_code_with_their_outcomes_and_parties() -> None:
    told = {}
    for name_cell, outcome_cell, party_cell, _ in rows(section("sip.md", "Reasons")):
        reasons = names(name_cell)
        for number, reason in enumerate(reasons):
            outcomes, parties = outcome_cell.split(" · "), party_cell.split(" · ")
            told[reason] = (
                outcomes[number if len(outcomes) > 1 else 0].split(" ")[0],
                parties[number if len(parties) > 1 else 0],
            )
    assert told == {reason: (ruling.outcome, ruling.party) for reason, ruling in RULINGS.items()}
    assert set(told) == set(Reason)


def test_the_warnings_are_those_of_the_code() -> None:
    assert names(section("sip.md", "Warnings")) == list(WarningCode)


def test_the_definite_reasons_are_those_of_the_rule() -> None:
    (row,) = (cells[0] for cells in rows(section("architecture.md", "State rules")) if "definite" in cells[0])
    assert set(re.findall(r"[a-z]+(?:-[a-z]+)+", row)) == DEFINITE_REASONS


def test_the_state_rules_name_every_cause_and_status() -> None:
    text = section("architecture.md", "State rules")
    assert set(Cause) <= set(names(text))
    assert not [status for status in HealthStatus if status not in text]


def test_the_settings_are_those_of_the_code() -> None:
    told = set(re.findall(r"\b(?:TRUNKS|LIVEKIT)_[A-Z_]+\b", section("service.md", "Settings")))
    assert told == set(setting_names())


def test_the_options_of_verify_are_those_of_the_code() -> None:
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    verify = command.commands["verify"]
    real = {option for parameter in verify.params for option in parameter.opts if option.startswith("--")}
    told = {
        option
        for cells in rows(section("command-line.md", "`sipcheck verify TARGET`"))
        for option in re.findall(r"`(--[a-z-]+)", cells[0])
    }
    assert told == real - {"--help"}


@pytest.mark.parametrize(
    "value",
    [Report, TargetFacts, Check, ReportWarning, EdgeReport, Certificate, TraceStep],
    ids=lambda v: v.__name__,
)
def test_the_report_has_the_fields_of_the_code(value: type) -> None:
    words = set(re.findall(r"\w+", section("command-line.md", "The report (JSON)").partition("```\n")[0]))
    assert {field.name for field in fields(value)} <= words


def test_the_checks_stand_in_their_order() -> None:
    assert "|".join(CheckName) in section("command-line.md", "The report (JSON)")
