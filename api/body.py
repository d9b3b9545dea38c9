"""What the bodies of all dialects share."""

import json
import re
from collections.abc import Mapping
from typing import Any, Self

from fastapi.exceptions import RequestValidationError
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


class Body(BaseModel):
    """What a client sends. No fault shows what was sent: it may be a secret."""

    model_config = ConfigDict(hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _can_be_kept(cls, value: Any) -> Any:
        """Refuse text that no column and no answer takes."""
        if isinstance(value, str) and _NO_TEXT.search(value):
            raise PydanticCustomError(
                "no_text", "It holds a NUL or half of a surrogate pair, which are no text; remove it"
            )
        return value

    def sent(self) -> dict[str, Any]:
        """The fields that were sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class UpdateBody(Body):
    """What a client sends of something that stands: what it was shown, it may send back.

    Such a field is no change and is not judged, since another dialect with other rules may have entered it. So faults
    are told when it is known what was shown, and not before.
    """

    _as_sent: Mapping[str, Any] = PrivateAttr(default_factory=dict)
    _faults: list[Any] = PrivateAttr(default_factory=list)

    @model_validator(mode="wrap")
    @classmethod
    def _put_faults_off(cls, sent: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(sent, Mapping):
            return read(sent)
        try:
            body, faults = read(sent), []
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            wrong = {fault["loc"][0] for fault in faults}
            body = read({name: value for name, value in sent.items() if name not in wrong})
        body._as_sent, body._faults = sent, faults
        return body

    def changes(self, shown: BaseModel) -> dict[str, Any]:
        """Give the fields that were sent otherwise than shown. Raises RequestValidationError for wrong ones."""
        same = self._same_as(shown)
        faults = [fault for fault in self._faults if fault["loc"][0] not in same]
        if faults:
            raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults])
        return {name: value for name, value in self.sent().items() if name not in same}

    def is_all_that_was_sent(self, name: str) -> bool:
        """Whether this field stands alone, beside ones that are none."""
        return self._as_sent.keys() & type(self).model_fields.keys() == {name}

    def _same_as(self, shown: BaseModel) -> set[str]:
        as_shown = shown.model_dump(mode="json", include=set(type(self).model_fields))
        read = self.model_dump(mode="json", include=self.model_fields_set)
        return {
            name
            for name, sent in self._as_sent.items()
            if name in as_shown and _is_one_of(as_shown[name], sent, read.get(name, sent))
        }


def _is_one_of(shown: Any, *sent: Any) -> bool:
    # As texts, since to Python 1 is True, and 1.0 is 1.
    return _written(shown) in map(_written, sent)


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def shown_with(**fields: Any) -> ConfigDict:
    """Show a body with these fields in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"example": fields})


class ShownAsNull:
    """Marks a field that may be sent as null where it is shown so, and is a fault elsewhere."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [handler(schema), {"type": "null"}]}


def left_out(**about: Any) -> Any:
    """Declare a field of an update that may be left out, but not be null; nobody looks at its default."""
    return Field(default_factory=lambda: None, **about)
