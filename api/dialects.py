"""The dialects that are spoken here. Another one is another value in DIALECTS."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from api.autocalls import examples as autocalls_examples
from api.autocalls import faults as autocalls
from api.bolna import examples as bolna_examples
from api.bolna import faults as bolna
from api.dialect import Dialect
from api.problems import Problem
from api.talkover import examples as talkover_examples
from api.talkover import faults as talkover


def _talkover_shape(problem: Problem) -> dict[str, Any]:
    body: dict[str, Any] = {"success": False, "message": problem.message, "code": problem.code}
    if problem.errors is not None:
        body["errors"] = problem.errors
    return body


def _talkover_model(status: int) -> type[BaseModel]:
    return talkover.FieldFaults if status == HTTPStatus.UNPROCESSABLE_ENTITY else talkover.Fault


TALKOVER = Dialect(
    name="talkover",
    prefixes=("/api/v1",),
    shape=_talkover_shape,
    refusal=talkover.refusal,
    invalid=talkover.invalid,
    fault_model=_talkover_model,
    examples=talkover_examples.EXAMPLES,
)

AUTOCALLS = Dialect(
    name="autocalls",
    prefixes=("/api/user/phone-numbers",),
    shape=autocalls.shape,
    refusal=autocalls.refusal,
    invalid=autocalls.invalid,
    fault_model=autocalls.fault_model,
    examples=autocalls_examples.EXAMPLES,
)

BOLNA = Dialect(
    name="bolna",
    prefixes=("/sip-trunks/trunks",),
    shape=bolna.shape,
    refusal=bolna.refusal,
    invalid=bolna.invalid,
    fault_model=bolna.fault_model,
    examples=bolna_examples.EXAMPLES,
)

DIALECTS: tuple[Dialect, ...] = (TALKOVER, AUTOCALLS, BOLNA)


def spoken_at(path: str) -> Dialect | None:
    """Find the dialect of a path; None beside the dialects."""
    return next((dialect for dialect in DIALECTS if dialect.covers(path)), None)


def answering_at(path: str) -> Dialect:
    """Find the dialect to answer in: beside the dialects the native one."""
    return spoken_at(path) or TALKOVER
