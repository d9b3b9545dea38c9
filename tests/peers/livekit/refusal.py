"""An error as Twirp tells it."""

from collections.abc import Mapping

# The codes that LiveKit uses, and their HTTP status (twirp.ErrorCode's table).
STATUSES = {
    "canceled": 408,
    "unknown": 500,
    "invalid_argument": 400,
    "deadline_exceeded": 408,
    "not_found": 404,
    "bad_route": 404,
    "already_exists": 409,
    "permission_denied": 403,
    "unauthenticated": 401,
    "resource_exhausted": 429,
    "failed_precondition": 412,
    "aborted": 409,
    "out_of_range": 400,
    "unimplemented": 501,
    "internal": 500,
    "unavailable": 503,
}


class Refusal(Exception):
    """A call that is refused or fails: Twirp's code, and what the error says beside it."""

    def __init__(self, code: str, message: str, meta: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.meta = dict(meta or {})


def invalid(message: str) -> Refusal:
    """Give the refusal of an argument."""
    return Refusal("invalid_argument", message)
