"""autocalls' errors: their shape, and which of ours become which."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from api.autocalls.bodies import CreateTrunk
from api.problems import FieldErrors, Problem, Refusal, Refusals, by_field, field_of
from api.wrong_fields import must_of
from trunks.errors import (
    CustomTrunksNotAllowed,
    NumberInUse,
    NumberInUseElsewhere,
    NumberTaken,
    StillBeingChanged,
    StillBeingMade,
    TooManyNumbers,
    TrunkExists,
    TrunkNotFound,
)
from trunks.rules.whole_trunk import Rule, TrunkContradictory

REFUSALS: Refusals = {
    CustomTrunksNotAllowed: Refusal(HTTPStatus.FORBIDDEN),
    TrunkNotFound: Refusal(HTTPStatus.NOT_FOUND, "SIP trunk not found."),
    TrunkExists: Refusal(
        HTTPStatus.CONFLICT,
        "A SIP trunk with the same phone number, username, and address already exists.",
    ),
    NumberTaken: Refusal(HTTPStatus.CONFLICT),
    StillBeingMade: Refusal(HTTPStatus.CONFLICT),
    NumberInUseElsewhere: Refusal(HTTPStatus.CONFLICT),
    TooManyNumbers: Refusal(HTTPStatus.CONFLICT),
    StillBeingChanged: Refusal(HTTPStatus.CONFLICT),
    NumberInUse: Refusal(HTTPStatus.CONFLICT),
}
# What a client of this dialect can change about each.
_FIELDS = {
    Rule.ALLOW_LIST: "allowed_inbound_ips",
    Rule.ENCRYPTION: "sip_address",
    Rule.USERNAME: "sip_username",
    Rule.PASSWORD: "sip_password",
    Rule.CODECS: "sip_address",
    Rule.GATEWAYS: "sip_address",
    Rule.EGRESS: "outbound_proxy",
}


class Fault(BaseModel):
    """Every answer that is no success, but for wrong fields."""

    error: str


class FieldFaults(BaseModel):
    """Every wrong field with what is wrong."""

    message: str
    errors: dict[str, list[str]]


def shape(problem: Problem) -> dict[str, Any]:
    """Make a problem's body."""
    if problem.errors is not None:
        return {"message": problem.message, "errors": problem.errors}
    return {"error": problem.message}


def fault_model(status: int) -> type[BaseModel]:
    return FieldFaults if status == HTTPStatus.UNPROCESSABLE_ENTITY else Fault


def invalid(error: RequestValidationError) -> Problem:
    """Name every wrong field, in the vendor's way of speaking."""
    return invalid_fields(by_field((field_of(fault), _message(fault)) for fault in error.errors()))


def invalid_fields(errors: FieldErrors) -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "VALIDATION_ERROR", "The given data was invalid.", errors=errors
    )


def need_egress(wanted: bool | None, *, has_egress: bool) -> None:
    """Refuse what this installation has no address for. Raises Problem."""
    if wanted and not has_egress:
        message = "Outbound proxy needs a fixed address of this platform: TRUNKS_FIXED_EGRESS is not set."
        raise invalid_fields({"outbound_proxy": [message]})


def refuse_host(host: str | None, fault_of: Callable[[str], str | None]) -> None:
    """Refuse an address that no call may go to. Raises Problem."""
    fault = None if host is None else fault_of(host)
    if fault is not None:
        raise invalid_fields({"sip_address": [f"{_label('sip_address')}: {fault}"]})


def contradictory(error: TrunkContradictory) -> Problem:
    return invalid_fields(
        by_field(
            (field, f"{_label(field)}: {each.sentence}")
            for each in error.broken
            for field in [_FIELDS[each.rule]]
        )
    )


def _label(field: str) -> str:
    declared = CreateTrunk.model_fields.get(field.partition(".")[0])
    return declared.title if declared is not None and declared.title else field


def _message(fault: Any) -> str:
    field = field_of(fault)
    label = _label(field)
    if fault["type"] == "missing":
        return f"{label} is required."
    must = must_of(fault)
    if must is not None:
        return f"{label} must {must}."
    text = fault["msg"].rstrip(".")
    return f"{label} {text}." if text.startswith(("must", "can")) else f"{label}: {text}."
