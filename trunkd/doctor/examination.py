"""`trunkd doctor`: a line for each thing that an installation needs, with the fault and the fix."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from trunkd.doctor import calls, checks, store, voice, worker
from trunkd.doctor.checks import CheckFailed
from trunkd.faults import FAULT
from trunks.errors import SettingsInvalid
from trunks.installation.settings import Settings, load_settings, unknown_names


class Mark(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check came to; `fix` is empty where nothing is to be done."""

    check: str
    mark: Mark
    detail: str
    fix: str = ""

    def __str__(self) -> str:
        fix = f" Mend: {self.fix}" if self.fix else ""
        return f"{self.mark:8}{self.check:14}{self.detail}{fix}"

    def exported(self) -> dict[str, str]:
        """Give what `--json` prints; its names are a contract."""
        return {"check": self.check, "mark": self.mark, "detail": self.detail, "mend": self.fix}


# Each says in a sentence what it found, or raises CheckFailed.
Check = Callable[[Settings], str]

_CHECKS: dict[str, Check] = {
    "data-dir": checks.data_dir,
    "disk": checks.disk,
    "keys": checks.keys,
    "store": store.store,
    "secrets": store.stored_secrets,
    "rows": store.rows,
    "numbers": store.numbers,
    "knocks": store.knocks,
    "clock": store.clock,
    "broker": checks.broker,
    "worker": worker.worker,
    "voice": voice.voice,
    "calls": calls.calls,
    "sides": voice.sides,
    "writes": voice.writes,
    "dns": checks.dns,
    "egress-ipv4": checks.egress_ipv4,
    "egress-ipv6": checks.egress_ipv6,
}


def run_doctor(*, as_json: bool) -> int:
    """Look at everything, print a line each, and give the exit status: 1 when something failed."""
    failed = False
    for finding in examine():
        print(json.dumps(finding.exported()) if as_json else finding, flush=True)
        failed = failed or finding.mark is Mark.FAILED
    return FAULT if failed else 0


def examine() -> Iterator[Finding]:
    """Look at one thing after the other; with settings that cannot be read there is no other."""
    try:
        settings = load_settings()
    except SettingsInvalid as fault:
        for line in str(fault).splitlines():
            yield Finding("settings", Mark.FAILED, line, "correct it in the environment or in .env.")
        return
    unknown = unknown_names()
    if unknown:
        fix = "correct or remove it; trunkd --help lists all settings."
        yield Finding("settings", Mark.WARNING, f"{', '.join(unknown)}: no such setting.", fix)
    else:
        yield Finding("settings", Mark.OK, "all are understood.")
    told: dict[str, str] = {}
    for name, check in _CHECKS.items():
        yield _told_once(_finding(name, check, settings), told)


def _told_once(finding: Finding, told: dict[str, str]) -> Finding:
    """Name the line that has told of a fault already: what all of them need is mended once."""
    if finding.mark is Mark.OK:
        return finding
    first = told.setdefault(finding.detail, finding.check)
    if first == finding.check:
        return finding
    return replace(finding, detail="not looked at.", fix=f"see the line about {first}.")


def _finding(name: str, check: Check, settings: Settings) -> Finding:
    try:
        return Finding(name, Mark.OK, check(settings))
    except CheckFailed as failure:
        return Finding(name, Mark.WARNING if failure.harmless else Mark.FAILED, str(failure), failure.fix)
