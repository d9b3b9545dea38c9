"""When certificates of edges end, and who is to be told of it (docs/design/people.md, "Certificates")."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sipcheck.report.model import EdgeReport

# Days before a certificate's end.
NOTICE_DAYS = (30, 14, 7, 1)


def first_end(edges: Iterable[EdgeReport]) -> datetime | None:
    """When the first of the certificates ends that these edges showed; None where none did.

    Reports hold it as the certificate says it, to the second.
    """
    return min((edge.certificate.not_after for edge in edges if edge.certificate is not None), default=None)


def notice_due(expires_at: datetime, now: datetime) -> int | None:
    """Give the number of days of the notice that has come last; None while none has."""
    left = expires_at - now
    return min((days for days in NOTICE_DAYS if left <= timedelta(days=days)), default=None)


def within_days(expires_at: datetime, now: datetime) -> str:
    """Name the span that a certificate's end lies in, for counting."""
    if expires_at <= now:
        return "expired"
    days = notice_due(expires_at, now)
    return "more" if days is None else str(days)


SPANS = ("expired", *map(str, sorted(NOTICE_DAYS)), "more")
