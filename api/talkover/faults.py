"""talkover's errors: their shape, and which of ours become which."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from api.problems import FieldErrors, Problem, Refusal, Refusals, by_field, field_of, sentence_of
from api.talkover.trunks.trunk_bodies import NOT_VERIFIED
from trunks.errors import (
    CalledNumberNotFound,
    CallerNotYours,
    CallInProgress,
    CallLimitReached,
    CallNotFound,
    CallsNotAllowed,
    CustomTrunksNotAllowed,
    DeliveryNotFound,
    EndpointDisabled,
    EndpointNotFound,
    EvidenceNotFound,
    IncidentNotFound,
    NumberInUse,
    NumberInUseElsewhere,
    NumberNotAllowed,
    NumberNotFound,
    NumberTaken,
    PublicUrlMissing,
    SharedPageNotFound,
    StillBeingMade,
    TooManyEndpoints,
    TooManyNumbers,
    TooManySharedPages,
    TooManyTestMessages,
    TrunkExists,
    TrunkHasNumbers,
    TrunkNotFound,
    TrunkNotVerified,
    VerificationNotFound,
)
from trunks.rules.whole_trunk import Rule, TrunkContradictory

REFUSALS: Refusals = {
    CustomTrunksNotAllowed: Refusal(HTTPStatus.FORBIDDEN, None, "CUSTOM_SIP_TRUNKS_NOT_ALLOWED"),
    TrunkNotFound: Refusal(HTTPStatus.NOT_FOUND, None, "TRUNK_NOT_FOUND"),
    VerificationNotFound: Refusal(HTTPStatus.NOT_FOUND, None, "VERIFICATION_NOT_FOUND"),
    PublicUrlMissing: Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, None, "PUBLIC_URL_MISSING"),
    SharedPageNotFound: Refusal(HTTPStatus.NOT_FOUND, None, "LINK_NOT_FOUND"),
    TooManySharedPages: Refusal(HTTPStatus.CONFLICT, None, "LINK_LIMIT"),
    EvidenceNotFound: Refusal(HTTPStatus.NOT_FOUND, None, "EVIDENCE_NOT_FOUND"),
    TrunkNotVerified: Refusal(HTTPStatus.CONFLICT, None, "TRUNK_NOT_VERIFIED"),
    TrunkHasNumbers: Refusal(
        HTTPStatus.CONFLICT,
        "Trunk still has DIDs attached. Delete DIDs before deleting the trunk.",
        "TRUNK_HAS_DIDS",
    ),
    TrunkExists: Refusal(
        HTTPStatus.CONFLICT,
        "A trunk with the same line, username and domain already exists.",
        "TRUNK_EXISTS",
    ),
    NumberNotFound: Refusal(HTTPStatus.NOT_FOUND, "DID not found.", "DID_NOT_FOUND"),
    NumberTaken: Refusal(
        HTTPStatus.CONFLICT,
        "This number is already registered in your environment",
        "DID_ALREADY_EXISTS",
    ),
    CallNotFound: Refusal(HTTPStatus.NOT_FOUND, None, "TEST_CALL_NOT_FOUND"),
    CallsNotAllowed: Refusal(HTTPStatus.FORBIDDEN, None, "TEST_CALLS_NOT_ALLOWED"),
    CallInProgress: Refusal(HTTPStatus.CONFLICT, None, "CALL_IN_PROGRESS"),
    NumberNotAllowed: Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, None, "NUMBER_NOT_ALLOWED"),
    CallerNotYours: Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, None, "CALLER_NOT_YOURS"),
    CallLimitReached: Refusal(HTTPStatus.TOO_MANY_REQUESTS, None, "TEST_CALL_LIMIT"),
    CalledNumberNotFound: Refusal(HTTPStatus.NOT_FOUND, None, "NUMBER_NOT_FOUND"),
    StillBeingMade: Refusal(HTTPStatus.CONFLICT, None, "STILL_BEING_CREATED"),
    NumberInUseElsewhere: Refusal(HTTPStatus.CONFLICT, None, "NUMBER_IN_USE"),
    TooManyNumbers: Refusal(HTTPStatus.CONFLICT, None, "NUMBER_LIMIT"),
    EndpointNotFound: Refusal(HTTPStatus.NOT_FOUND, None, "WEBHOOK_ENDPOINT_NOT_FOUND"),
    IncidentNotFound: Refusal(HTTPStatus.NOT_FOUND, None, "INCIDENT_NOT_FOUND"),
    DeliveryNotFound: Refusal(HTTPStatus.NOT_FOUND, None, "DELIVERY_NOT_FOUND"),
    EndpointDisabled: Refusal(HTTPStatus.CONFLICT, None, "WEBHOOK_ENDPOINT_DISABLED"),
    TooManyEndpoints: Refusal(HTTPStatus.CONFLICT, None, "WEBHOOK_ENDPOINT_LIMIT"),
    TooManyTestMessages: Refusal(HTTPStatus.CONFLICT, None, "WEBHOOK_TEST_LIMIT"),
    NumberInUse: Refusal(HTTPStatus.CONFLICT, "DID is still assigned to active agents", "DID_IN_USE"),
}

# What a client of this dialect can change about each.
_FIELDS = {
    Rule.ALLOW_LIST: "username",
    Rule.ENCRYPTION: "transport",
    Rule.USERNAME: "username",
    Rule.PASSWORD: "password",
    Rule.CODECS: "transport",
    Rule.GATEWAYS: "domain",
    Rule.EGRESS: "outbound_proxy",
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
    if problem.errors is not None or problem.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        # No field is wrong where the whole is refused.
        body["errors"] = problem.errors or {}
    return body


def fault_model(status: int) -> type[BaseModel]:
    return FieldFaults if status == HTTPStatus.UNPROCESSABLE_ENTITY else Fault


def invalid(error: RequestValidationError) -> Problem:
    """Name every wrong field with its faults."""
    faults: Sequence[Any] = error.errors()
    only_unverified = all(fault["type"] == NOT_VERIFIED for fault in faults)
    errors = by_field((field_of(fault), sentence_of(fault)) for fault in faults)
    if only_unverified:
        message = "A trunk has to be verified before it can be active."
        return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "TRUNK_NOT_VERIFIED", message, errors=errors)
    return _invalid_fields(errors)


def contradictory(error: TrunkContradictory) -> Problem:
    return _invalid_fields(by_field((_FIELDS[each.rule], each.sentence) for each in error.broken))


def wrong_field(field: str, sentence: str) -> Problem:
    """Refuse one field for what only the installation knows of it."""
    return _invalid_fields({field: [sentence]})


def _invalid_fields(errors: FieldErrors) -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "VALIDATION_ERROR", "The given data was invalid.", errors=errors
    )
