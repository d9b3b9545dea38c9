"""A vendor's dialect of HTTP: where it is spoken, and how it says no."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from fastapi import APIRouter, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.document.examples import Example
from api.language.languages import current_language
from api.language.made_texts import said as say_made
from api.problems import Problem, Refusals
from trunks.errors import Refused
from trunks.rules.whole_trunk import TrunkContradictory

_bearer = HTTPBearer(auto_error=False, description="A token of your environment.")


class Faults(Protocol):
    """How a dialect says no; a module of each dialect does it."""

    def shape(self, problem: Problem) -> dict[str, Any]:
        """Make a problem's body."""

    @property
    def REFUSALS(self) -> Refusals:
        """What the domain may refuse here."""

    def invalid(self, error: RequestValidationError) -> Problem:
        """Say what the validation refused: every wrong field with its faults."""

    def contradictory(self, error: TrunkContradictory) -> Problem:
        """Say which fields would contradict one another."""

    def fault_model(self, status: int) -> type[BaseModel]:
        """Give what a problem of this status looks like in the OpenAPI document."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Everything under `prefix` is answered by it, whatever is or is not there; its calls are under `calls`.

    `examples` are its successes in the OpenAPI document.
    """

    name: str
    prefix: str
    faults: Faults
    examples: tuple[Example, ...] = ()
    calls: str = ""

    def covers(self, path: str) -> bool:
        """Whether a path is this dialect's: a prefix ends where a segment does."""
        return path == self.prefix or path.startswith(f"{self.prefix}/")

    def answer(self, problem: Problem) -> JSONResponse:
        """Say a problem in this dialect."""
        body = self.faults.shape(problem)
        return JSONResponse(body, status_code=problem.status, headers=problem.headers)

    def refusal(self, error: Refused) -> Problem:
        """Say what the domain refused."""
        if isinstance(error, TrunkContradictory):
            return self.faults.contradictory(error)
        status, sentence, code = self.faults.REFUSALS[type(error)]
        seconds = error.retry_after_seconds
        headers = {} if seconds is None else {"Retry-After": str(seconds)}
        told = say_made(str(error)) if sentence is None else sentence.format(number=error.number)
        if sentence is None and told != str(error):
            headers["Content-Language"] = current_language().value
        return Problem(status, code, told, headers=headers)

    def router(self) -> APIRouter:
        """Make the router of its routes, which all need a token."""
        return APIRouter(
            prefix=self.prefix + self.calls,
            tags=[self.name],
            dependencies=[Security(_bearer)],
            responses=self.fault_answers(401, 429, 500, 503),
        )

    def fault_answers(self, *statuses: int) -> dict[int | str, dict[str, Any]]:
        """Declare the faults that a call may answer."""
        return {
            status: {"model": self.faults.fault_model(status), "description": HTTPStatus(status).phrase}
            for status in statuses
        }
