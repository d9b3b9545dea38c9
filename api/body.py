"""What the bodies of all dialects share."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

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


def shown_with(**fields: Any) -> ConfigDict:
    """Show a body with these fields in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"example": fields})


def left_out(**about: Any) -> Any:
    """Declare a field of an update that may be left out, but not be null; nobody looks at its default."""
    return Field(default_factory=lambda: None, **about)
