"""What faults a call may answer, for the OpenAPI document."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

Answers = dict[int | str, dict[str, Any]]


def fault_answers_of(model: Callable[[int], type[BaseModel]]) -> Callable[..., Answers]:
    """Give a dialect's way to declare statuses; `model` is what a fault of a status looks like."""

    def declare(*statuses: int) -> Answers:
        return {
            status: {"model": model(status), "description": HTTPStatus(status).phrase} for status in statuses
        }

    return declare
