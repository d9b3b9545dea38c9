"""A page for every reason and a section for every warning, held against the code; what they show is run."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from sipcheck.carrier.faults import Fault
from sipcheck.diagnosis.sentences import TEXTS
from sipcheck.reasons import Reason, WarningCode
from sipcheck.report.rulings import RULINGS
from tests.peers.demonstration import Demonstration, masked, read_demonstration, run_demonstration

FOLDER = Path(__file__).parents[1] / "docs" / "reasons"
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")
WARNINGS = (FOLDER / "warnings.md").read_text(encoding="utf-8")
SECTIONS = (
    "What it means",
    "When we say it",
    "What you do",
    "What the carrier's engineer wants to see",
    "On a laptop",
)
# No peer can cause them; the fault is in our service, or in our own time or room.
WITHOUT_DEMONSTRATION: set[Reason | WarningCode] = {
    Reason.CREDENTIALS_FROZEN,
    Reason.OVERLOADED,
    Reason.CANCELLED,
    Reason.SECRET_UNREADABLE,
    Reason.ADDRESS_RESTING,
    # The practice carrier lets every call ring before it takes it.
    WarningCode.CALL_WAS_ANSWERED,
    # It takes calls however they are written.
    WarningCode.INFRASTRUCTURE_FORM_REFUSED,
}
# It hangs on hundredths of a second, so its output is not printed.
WITHOUT_TRANSCRIPT = {Reason.DEADLINE_EXCEEDED}


def page(reason: Reason) -> str:
    return (FOLDER / f"{reason}.md").read_text(encoding="utf-8")


def warning_section(code: WarningCode) -> str:
    found = re.search(rf"^## {code}\n(.*?)(?=^## |\Z)", WARNINGS, re.MULTILINE | re.DOTALL)
    assert found is not None, f"warnings.md has no section {code}"
    return found[1]


def first_line(text: str) -> str:
    return next(line for line in text.splitlines() if line and not line.startswith("#"))


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.md"))


def test_every_reason_has_its_page_and_every_page_its_reason() -> None:
    assert {path.stem for path in files()} - {"README", "warnings"} == set(Reason)


def test_every_warning_has_its_section_and_every_section_its_warning() -> None:
    assert re.findall(r"^## (.+)$", WARNINGS, re.MULTILINE) == list(WarningCode)


@pytest.mark.parametrize("reason", Reason)
def test_a_page_says_what_the_rule_table_says(reason: Reason) -> None:
    text, ruling = page(reason), RULINGS[reason]
    assert text.startswith(f"# {reason}\n")
    assert rows(text)[2] == [ruling.outcome, ruling.party, ruling.axis]
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == SECTIONS


@pytest.mark.parametrize("reason", Reason)
def test_a_page_says_of_each_cause_what_the_report_says(reason: Reason) -> None:
    told = [row for row in rows(page(reason)) if row[0].startswith("`")]
    assert told == [
        [f"`{cause}`", text.summary, text.advice or "nothing"]
        for (of, cause), text in TEXTS.items()
        if of is reason and cause is not None
    ]


def test_the_index_says_what_the_rule_table_and_the_pages_say() -> None:
    assert [row for row in rows(INDEX) if re.fullmatch(r"\[[\w-]+\]\([\w-]+\.md\)", row[0])] == [
        [f"[{reason}]({reason}.md)", RULINGS[reason].outcome, RULINGS[reason].party, first_line(page(reason))]
        for reason in Reason
    ]


def test_the_index_names_the_warnings() -> None:
    assert [row for row in rows(INDEX) if "warnings.md#" in row[0]] == [
        [f"[{code}](warnings.md#{code})", first_line(warning_section(code))] for code in WarningCode
    ]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.stem))
def test_what_a_page_names_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"--fault ([a-z\d-]+)", text):
        assert name in set(Fault)
    for target in re.findall(r"\]\(([\w.-]+)(?:#[\w-]+)?\)", text):
        assert (path.parent / target).is_file(), f"{path.name} links to {target}"
    for anchor in re.findall(r"warnings\.md#([\w-]+)", text):
        assert anchor in set(WarningCode)


def demonstrations() -> dict[Reason | WarningCode, Demonstration]:
    texts: dict[Reason | WarningCode, str] = {code: warning_section(code) for code in WarningCode}
    for reason in Reason:
        texts[reason] = page(reason).partition("## On a laptop")[2]
    return {name: shown for name, text in texts.items() if (shown := read_demonstration(text)) is not None}


DEMONSTRATIONS = demonstrations()
SHOWN = {name: shown for name, shown in DEMONSTRATIONS.items() if shown.transcript}


def test_everything_a_peer_can_cause_is_shown() -> None:
    assert {*Reason, *WarningCode} - set(DEMONSTRATIONS) == WITHOUT_DEMONSTRATION
    assert set(DEMONSTRATIONS) - set(SHOWN) == WITHOUT_TRANSCRIPT


def skip_without_namespaces(shown: Demonstration) -> None:
    if not shown.command.startswith("unshare"):
        return
    probe = ["unshare", "--user", "--map-root-user", "--net", "true"]
    try:
        subprocess.run(probe, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this system grants no network namespace: {error}")


def of_the_system(shown: Demonstration) -> bool:
    """Whether it takes a name server, or a network of its own."""
    return shown.command.startswith("unshare") or any("unbound" in server for server in shown.servers)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.peers if of_the_system(shown) else ())
        for name, shown in SHOWN.items()
    ],
    ids=str,
)
def test_a_demonstration_gives_what_is_printed(name: Reason | WarningCode, tmp_path: Path) -> None:
    shown = SHOWN[name]
    skip_without_namespaces(shown)
    output = run_demonstration(shown, tmp_path)
    if isinstance(name, Reason):
        assert re.findall(r"^[A-Z]+  ([\w-]+)(?: \([\w-]+\))?  in ", output, re.MULTILINE) == [name], output
    else:
        assert f"  ! {name}: " in output.partition("Warnings\n")[2], output
    # Two things that happen at the same moment may stand in either order.
    missing = Counter(masked(shown.transcript.replace("…", ""))) - Counter(masked(output))
    assert not missing, output
