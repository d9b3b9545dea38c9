"""A vendor's dialect of HTTP: where it is spoken, and how it says no."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.examples import Example
from api.problems import Problem
from trunks.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Everything under `prefixes` is answered by it, whatever is or is not there.

    `shape` makes a problem's body, `refusal` and `invalid` say what the domain and the validation refused, and
    `fault_model` is what a problem of this status looks like in the OpenAPI document, `examples` its successes.
    """

    name: str
    prefixes: tuple[str, ...]
    shape: Callable[[Problem], dict[str, Any]]
    refusal: Callable[[Refused], Problem]
    invalid: Callable[[RequestValidationError], Problem]
    fault_model: Callable[[int], type[BaseModel]]
    examples: tuple[Example, ...] = ()

    def covers(self, path: str) -> bool:
        """Whether a path is this dialect's: a prefix ends where a segment does."""
        return any(path == prefix or path.startswith(f"{prefix}/") for prefix in self.prefixes)

    def answer(self, problem: Problem) -> JSONResponse:
        """Say a problem in this dialect."""
        return JSONResponse(self.shape(problem), status_code=problem.status, headers=problem.headers)
