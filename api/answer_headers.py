"""Headers that every answer to a request gets, whoever gives it."""

from starlette.types import Scope

_STATE_KEY = "answer_headers"


def answer_headers(scope: Scope) -> dict[str, str]:
    """Give the headers of this request's answer, to be added to until the answer starts."""
    headers: dict[str, str] = scope.setdefault("state", {}).setdefault(_STATE_KEY, {})
    return headers
