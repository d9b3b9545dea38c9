"""The letter to the carrier: facts, times in UTC, Call-IDs, our addresses; numbers are shortened, nobody is named."""

from collections.abc import Sequence

from sipcheck.report.short_numbers import shorten_text
from trunks.people.failed_requests import FailedRequest
from trunks.people.incident_view import IncidentView, Moment
from trunks.rules.incidents import utc


def write_letter(
    view: IncidentView, requests: Sequence[FailedRequest], check_addresses: Sequence[str]
) -> str:
    """Write it as plain text."""
    lines = [view.cause, "", *(change.sentence for change in view.changed)]
    lines += [] if view.changed else ["We found nothing that changed before."]
    lines = [shorten_text(each) for each in lines]
    lines += ["", *(f"{utc(moment.at)}  {_spoken(moment)}" for moment in view.timeline)]
    if requests:
        lines += ["", "Requests that failed:"]
        lines += [f"{utc(each.at)}  {each.edge or '-'}  Call-ID: {each.call_id}" for each in requests]
    if check_addresses:
        lines += ["", f"Our requests come from {', '.join(check_addresses)}."]
    return "\n".join([*lines, ""])


def _spoken(moment: Moment) -> str:
    return moment.event if moment.trunk_id is None else f"{moment.event}: trunk {moment.trunk_id}"
