"""When certificates of edges end, and who is to be told of it (docs/design/people.md, "Certificates")."""

from collections.abc import Iterable
from datetime import datetime

from sipcheck.report.model import EdgeReport

# Days before a certificate's end; the notice that came last is the one of the fewest days that its end is not beyond.
NOTICE_DAYS = (30, 14, 7, 1)


def first_end(edges: Iterable[EdgeReport]) -> datetime | None:
    """When the first of the certificates ends that these edges showed; None where none did.

    Reports hold it as the certificate says it, to the second.
    """
    return min((edge.certificate.not_after for edge in edges if edge.certificate is not None), default=None)


# Whoever counts certificates counts them in the first of these spans whose days their end is not beyond.
SPANS: tuple[tuple[int | None, str], ...] = (
    (0, "expired"),
    *((days, str(days)) for days in sorted(NOTICE_DAYS)),
    (None, "more"),
)
SPAN_NAMES = tuple(name for _, name in SPANS)
