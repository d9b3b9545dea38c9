"""`trunkd doctor`: a line for each thing that an installation needs, with the fault and the mend."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

from trunkd import doctor_checks
from trunkd.doctor_checks import Unwell
from trunkd.faults import FAULT
from trunks.errors import SettingsInvalid
from trunks.installation.settings import Settings, load_settings, unknown_names


class Mark(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check came to; `mend` is empty where nothing is to be done."""

    check: str
    mark: Mark
    detail: str
    mend: str = ""

    def __str__(self) -> str:
        mend = f" Mend: {self.mend}" if self.mend else ""
        return f"{self.mark:8}{self.check:14}{self.detail}{mend}"


# Each says in a sentence what it found, or raises Unwell.
Check = Callable[[Settings], str]

_CHECKS: dict[str, Check] = {
    "data-dir": doctor_checks.data_dir,
    "disk": doctor_checks.disk,
    "keys": doctor_checks.keys,
    "store": doctor_checks.store,
    "secrets": doctor_checks.stored_secrets,
    "clock": doctor_checks.clock,
    "broker": doctor_checks.broker,
    "worker": doctor_checks.worker,
    "dns": doctor_checks.dns,
    "egress-ipv4": doctor_checks.egress_ipv4,
    "egress-ipv6": doctor_checks.egress_ipv6,
}


def run_doctor(*, as_json: bool) -> int:
    """Look at everything, print a line each, and give the exit status: 1 when something failed."""
    failed = False
    for finding in examine():
        print(json.dumps(asdict(finding)) if as_json else finding, flush=True)
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
        mend = "correct or remove it; trunkd --help lists all settings."
        yield Finding("settings", Mark.WARNING, f"{', '.join(unknown)}: no such setting.", mend)
    else:
        yield Finding("settings", Mark.OK, "all are understood.")
    for name, check in _CHECKS.items():
        yield _finding(name, check, settings)


def _finding(name: str, check: Check, settings: Settings) -> Finding:
    try:
        return Finding(name, Mark.OK, check(settings))
    except Unwell as unwell:
        return Finding(name, Mark.WARNING if unwell.harmless else Mark.FAILED, str(unwell), unwell.mend)
