"""bolna's errors: their shape, and which of ours become which."""

from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from api.bolna.bodies import SDES_NEEDS_TLS, SDES_WITHOUT_TLS
from api.problems import Problem, Refusal, Refusals, by_field, field_of, sentence_of
from trunks.errors import (
    CustomTrunksNotAllowed,
    NameTaken,
    NumberInUse,
    NumberInUseElsewhere,
    NumberNotFound,
    NumberTaken,
    StillBeingMade,
    TooManyNumbers,
    TrunkExists,
    TrunkNotFound,
    TrunkNotVerified,
)
from trunks.rules.whole_trunk import Rule, TrunkContradictory

REFUSALS: Refusals = {
    CustomTrunksNotAllowed: Refusal(HTTPStatus.FORBIDDEN),
    TrunkNotFound: Refusal(HTTPStatus.NOT_FOUND, "Trunk not found"),
    NumberNotFound: Refusal(HTTPStatus.NOT_FOUND, "Phone number not found"),
    NameTaken: Refusal(HTTPStatus.CONFLICT, "A trunk with this name already exists"),
    NumberTaken: Refusal(HTTPStatus.CONFLICT, "Phone number already exists: {number}"),
    NumberInUseElsewhere: Refusal(HTTPStatus.CONFLICT),
    TooManyNumbers: Refusal(HTTPStatus.CONFLICT),
    NumberInUse: Refusal(HTTPStatus.CONFLICT),
    StillBeingMade: Refusal(HTTPStatus.CONFLICT),
    TrunkExists: Refusal(
        HTTPStatus.CONFLICT, "A trunk with the same line, username and gateway already exists"
    ),
    TrunkNotVerified: Refusal(HTTPStatus.CONFLICT),
}

_REQUIRED = "It is required for userpass."
# What a client of this dialect can change about each: its field, the kind of fault, and his own words for it.
_FIELDS = {
    Rule.ALLOW_LIST: ("ip_identifiers", "allow_list", None),
    Rule.ENCRYPTION: ("media_encryption", SDES_WITHOUT_TLS, f"{SDES_NEEDS_TLS}."),
    Rule.USERNAME: ("auth_username", "required", _REQUIRED),
    Rule.PASSWORD: ("auth_password", "required", _REQUIRED),
    Rule.CODECS: ("allow", "no_codec", None),
    Rule.GATEWAYS: ("gateways", "twice", None),
    Rule.EGRESS: ("gateways", "egress", None),
}


class Fault(BaseModel):
    """Every answer that is no success."""

    error: int = Field(description="The HTTP status.")
    message: str
    errors: dict[str, list[str]] | None = Field(
        None, description="Every wrong field with what is wrong, only where there are any (ours)."
    )


class FieldFault(NamedTuple):
    field: str
    kind: str
    message: str


def shape(problem: Problem) -> dict[str, Any]:
    """Make a problem's body."""
    body: dict[str, Any] = {"error": problem.status, "message": problem.message}
    if problem.errors is not None:
        body["errors"] = problem.errors
    return body


def fault_model(status: int) -> type[BaseModel]:
    return Fault


def invalid(error: RequestValidationError) -> Problem:
    """Name every wrong field with its faults."""
    return invalid_fields(
        [FieldFault(field_of(fault), fault["type"], sentence_of(fault)) for fault in error.errors()]
    )


def contradictory(error: TrunkContradictory) -> Problem:
    faults = [(*_FIELDS[each.rule], each.sentence) for each in error.broken]
    return invalid_fields([FieldFault(field, kind, own or sentence) for field, kind, own, sentence in faults])


def refuse_hosts(hosts: Collection[str], fault_of: Callable[[str], str | None]) -> None:
    """Refuse gateways that no call may go to. Raises Problem."""
    faults = [fault for host in hosts if (fault := fault_of(host)) is not None]
    if faults:
        raise invalid_fields([FieldFault("gateways", "host", fault) for fault in faults])


def invalid_fields(faults: Sequence[FieldFault]) -> Problem:
    """Make a 400, or where sdes without TLS is all that is wrong a 422 (bolna documents both)."""
    only_sdes = all(fault.kind == SDES_WITHOUT_TLS for fault in faults)
    errors = by_field((fault.field, fault.message) for fault in faults)
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY if only_sdes else HTTPStatus.BAD_REQUEST,
        "VALIDATION_ERROR",
        " ".join(f"{field}: {' '.join(message)}" for field, message in errors.items()),
        errors=errors,
    )
