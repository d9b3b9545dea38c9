"""A refusal, said in the shape of the dialect that was spoken."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from api.wrong_fields import must_of
from trunks.errors import Refused

FieldErrors = Mapping[str, list[str]]


class Refusal(NamedTuple):
    """What a dialect answers to a refusal of the domain: in the domain's words, where the vendor has none.

    `{number}` in a sentence is the one that it is about.
    """

    status: int
    sentence: str | None = None
    code: str = "REFUSED"


Refusals = Mapping[type[Refused], Refusal]


class Problem(Exception):
    """An answer that is no success; `code` is stable, `message` is for a person."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        errors: FieldErrors | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.headers = dict(headers or {})


def field_of(fault: Mapping[str, Any]) -> str:
    """Name the field of one of pydantic's errors as it stands in the body, or where it is, the query for one."""
    place = fault["loc"]
    return ".".join(str(part) for part in place[1:]) or str(place[0])


def sentence_of(fault: Mapping[str, Any]) -> str:
    """Say what is wrong, of one of pydantic's errors."""
    if fault["type"] == "missing":
        return "It is required."
    must = must_of(fault)
    return f"{fault['msg'].rstrip('.')}." if must is None else f"It must {must}."


def by_field(faults: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Gather what is wrong with each field, of (field, fault)."""
    errors: dict[str, list[str]] = {}
    for field, fault in faults:
        errors.setdefault(field, []).append(fault)
    return errors


def unauthenticated() -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "UNAUTHENTICATED",
        "Give a valid token: Authorization: Bearer <token>.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def read_only_token() -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "TOKEN_READ_ONLY",
        "This token is read-only: it shows what there is, and changes, verifies and calls nothing. "
        "Use one that was made without --read-only.",
    )


def operators_token() -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "TOKEN_OF_OPERATOR",
        "This token is the operator's: it opens the operator's pages alone, and has no trunks. "
        "Use one of an environment: trunkd token create --environment NAME.",
    )


def store_unavailable(
    message: str = "The database does not answer; try again in a few seconds.", *, retry_after: str = "5"
) -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", message, headers={"Retry-After": retry_after}
    )


def store_busy() -> Problem:
    return store_unavailable(
        "Somebody else writes to what this request is about, and has not ended; nothing was changed. "
        "Try again in a few seconds."
    )


def store_full() -> Problem:
    return store_unavailable(
        "The disk of this service is full: nothing was changed, and nothing can be until there is room again. "
        "Reading goes on; whoever runs the service sees the same from trunkd doctor.",
        retry_after="60",
    )


def invalid_json() -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "INVALID_JSON", "The body is not valid JSON.")


def unreadable_json() -> Problem:
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "INVALID_JSON",
        "The body cannot be read as JSON: it is not in UTF-8, nests too deeply, or a number in it is too long.",
    )


def unsupported_media_type() -> Problem:
    return Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "The body has to be JSON, and to say so: Content-Type: application/json.",
    )


def encoded_body() -> Problem:
    return Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "The body has to be sent as it is, without Content-Encoding.",
        # What may be sent instead (RFC 9110 §12.5.3).
        headers={"Accept-Encoding": "identity"},
    )


def internal_error() -> Problem:
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "INTERNAL_ERROR",
        "Something went wrong on our side; it has been logged.",
    )


_BY_STATUS = {
    HTTPStatus.NOT_FOUND: ("NOT_FOUND", "There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("METHOD_NOT_ALLOWED", "This address does not take that method."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("BODY_TOO_LARGE", "The body is larger than 1 MiB."),
}


def of_status(status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """Say what a bare status means here."""
    if status == HTTPStatus.BAD_REQUEST:
        return unreadable_json()
    code, message = _BY_STATUS.get(HTTPStatus(status), ("REFUSED", HTTPStatus(status).phrase))
    return Problem(status, code, message, headers=headers)
