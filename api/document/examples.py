"""What the OpenAPI documents' success answers are shown with: values of the very models that are answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from pydantic import BaseModel

# Any, but each the same wherever it is shown: ids as the store makes them, and two moments of one trunk.
TRUNK_ID = UUID("0195e7d0-3c00-7a3e-8f5a-1c9f6c1e4b01")
NUMBER_ID = UUID("0195e7d0-3c00-7a3e-8f5a-1c9f6c1e4b02")
RUN_ID = UUID("0195e7d0-3c00-7a3e-8f5a-1c9f6c1e4b03")
EVENT_ID = UUID("0195e7d0-3c00-7a3e-8f5a-1c9f6c1e4b04")
LINK_ID = UUID("0195e7d0-3c00-7a3e-8f5a-1c9f6c1e4b07")
ENDPOINT_ID = UUID("0195e7d0-3c00-7a3e-8f5a-1c9f6c1e4b05")
TRUNK_NAME = "Primary Carrier — US"
TRUNK_DOMAIN = "sip.carrier-x.com"
CREATED_AT = datetime(2026, 3, 31, 10, 0, 0, tzinfo=UTC)
UPDATED_AT = datetime(2026, 3, 31, 10, 0, 2, tzinfo=UTC)
CERTIFICATE_ENDS_AT = datetime(2026, 6, 29, 23, 59, 59, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Example:
    """An answer by its name; a sequence of answers is a list that is answered without anything around it.

    One with a status is shown with that alone: creation and change may answer the same model in other words.
    """

    name: str
    answer: BaseModel | Sequence[BaseModel]
    status: HTTPStatus | None = None

    def value(self) -> Any:
        """Give it as plain JSON values, without what was not set."""
        if isinstance(self.answer, BaseModel):
            return _plain(self.answer)
        return [_plain(each) for each in self.answer]

    def fits(self, status: int, schema: dict[str, Any]) -> bool:
        """Whether a route that answers this schema with this status answers this model."""
        if self.status not in (None, status):
            return False
        if isinstance(self.answer, BaseModel):
            return _names(schema, self.answer)
        return schema.get("type") == "array" and all(_names(schema["items"], each) for each in self.answer)


def fitting(examples: Iterable[Example], status: int, schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Choose the examples of an answer, as OpenAPI writes them."""
    return {example.name: {"value": example.value()} for example in examples if example.fits(status, schema)}


def _plain(answer: BaseModel) -> Any:
    return answer.model_dump(mode="json", exclude_unset=True)


def _names(schema: dict[str, Any], answer: BaseModel) -> bool:
    # The schema of a class whose name two dialects have is called by its module too.
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    model = type(answer)
    return name in (model.__name__, f"{model.__module__.replace('.', '__')}__{model.__name__}")
