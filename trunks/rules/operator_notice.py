"""What an operator is told of an incident, and by which of his addresses: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from trunks.rules.delivery import DELAYS, MOST_TRIES
from trunks.rules.incidents import IncidentKind

# A fall gathers its trunks before it is told; what might be told so long ago is no news.
TOLD_AFTER = timedelta(seconds=20)
NEWS_FOR = timedelta(days=2)


class Severity(StrEnum):
    """A carrier that answers nobody is critical; what single runs found is a warning."""

    WARNING = "warning"
    CRITICAL = "critical"


def severity_of(kind: IncidentKind) -> Severity:
    return Severity.CRITICAL if kind is IncidentKind.HEALTH else Severity.WARNING


@dataclass(frozen=True, slots=True)
class NotifyAddress:
    """An address as Apprise spells it, with secrets in it; it is told of incidents from this severity on."""

    url: str
    least: Severity

    def __repr__(self) -> str:
        return f"NotifyAddress(least={self.least.value!r})"

    def wants(self, severity: Severity) -> bool:
        """Whether it is to be told."""
        return self.least is Severity.WARNING or severity is Severity.CRITICAL


def read_addresses(text: str) -> tuple[NotifyAddress, ...]:
    """Read addresses with spaces between them, each with `critical=` before it or not.

    Raises ValueError, which shows none of them.
    """
    return tuple(_read(number, each) for number, each in enumerate(text.split(), start=1))


def _read(number: int, text: str) -> NotifyAddress:
    word, _, rest = text.partition("=")
    least, url = (Severity.CRITICAL, rest) if word == Severity.CRITICAL else (Severity.WARNING, text)
    scheme, found, place = url.partition("://")
    if not found or not scheme.isalnum() or not place:
        raise ValueError(
            f"entry {number} is no address of Apprise; give them with spaces between, such as "
            "mailtos://user:password@mail.example critical=slack://token"
        )
    return NotifyAddress(url, least)


@dataclass(frozen=True, slots=True)
class OperatorNotice:
    title: str
    body: str


def write_notice(
    cause: str, changed: Sequence[str], *, incident_id: str, domain: str, concerned: tuple[int, int, int]
) -> OperatorNotice:
    """Say what an operator has to know; `concerned` are trunks that fell, all trunks there, and tenants."""
    fell, there, tenants = concerned
    whose = "one tenant" if tenants == 1 else f"{tenants} tenants"
    lines = [
        cause,
        *(changed or ["Nothing was found that changed before."]),
        f"{fell} of {max(there, fell)} trunks there fell, of {whose}.",
        f"trunkd incident show {incident_id}",
    ]
    return OperatorNotice(f"Incident at {domain}", "\n".join(lines))


def next_try(tries: int, now: datetime) -> datetime | None:
    """When it is tried again after so many tries; None for no more."""
    return None if tries >= MOST_TRIES else now + DELAYS[tries - 1]
