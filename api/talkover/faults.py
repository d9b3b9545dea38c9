"""talkover's errors: their shape, and which of ours become which."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from api.problems import Problem, by_field, field_of, sentence_of
from api.talkover.trunk_bodies import NOT_VERIFIED
from trunks.errors import (
    CustomTrunksNotAllowed,
    NumberInUse,
    NumberNotFound,
    NumberTaken,
    Refused,
    TrunkHasNumbers,
    TrunkNotFound,
    TrunkNotVerified,
    VerificationNotFound,
)

_REFUSALS: dict[type[Refused], tuple[int, str]] = {
    CustomTrunksNotAllowed: (HTTPStatus.FORBIDDEN, "CUSTOM_SIP_TRUNKS_NOT_ALLOWED"),
    TrunkNotFound: (HTTPStatus.NOT_FOUND, "TRUNK_NOT_FOUND"),
    VerificationNotFound: (HTTPStatus.NOT_FOUND, "VERIFICATION_NOT_FOUND"),
    TrunkNotVerified: (HTTPStatus.CONFLICT, "TRUNK_NOT_VERIFIED"),
    TrunkHasNumbers: (HTTPStatus.CONFLICT, "TRUNK_HAS_DIDS"),
    NumberNotFound: (HTTPStatus.NOT_FOUND, "DID_NOT_FOUND"),
    NumberTaken: (HTTPStatus.CONFLICT, "DID_ALREADY_EXISTS"),
    NumberInUse: (HTTPStatus.CONFLICT, "DID_IN_USE"),
}

# Where the vendor has a sentence of its own.
_VENDORS_WORDS: dict[type[Refused], str] = {
    TrunkHasNumbers: "Trunk still has DIDs attached. Delete DIDs before deleting the trunk.",
    NumberNotFound: "DID not found.",
    NumberTaken: "This number is already registered in your environment",
    NumberInUse: "DID is still assigned to active agents",
}


class Fault(BaseModel):
    """Every answer that is no success."""

    success: bool = False
    message: str
    code: str


class FieldFaults(Fault):
    errors: dict[str, list[str]] = Field(description="Every wrong field with what is wrong (ours).")


def shape(problem: Problem) -> dict[str, Any]:
    body: dict[str, Any] = {"success": False, "message": problem.message, "code": problem.code}
    if problem.errors is not None:
        body["errors"] = problem.errors
    return body


def fault_model(status: int) -> type[BaseModel]:
    return FieldFaults if status == HTTPStatus.UNPROCESSABLE_ENTITY else Fault


def refusal(error: Refused) -> Problem:
    """Turn a refusal of the domain into an answer."""
    status, code = _REFUSALS[type(error)]
    return Problem(status, code, _VENDORS_WORDS.get(type(error), str(error)))


def invalid(error: RequestValidationError) -> Problem:
    """Name every wrong field with its faults."""
    faults: Sequence[Any] = error.errors()
    only_unverified = all(fault["type"] == NOT_VERIFIED for fault in faults)
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "TRUNK_NOT_VERIFIED" if only_unverified else "VALIDATION_ERROR",
        "A trunk has to be verified before it can be active."
        if only_unverified
        else "The given data was invalid.",
        errors=by_field((field_of(fault), sentence_of(fault)) for fault in faults),
    )
