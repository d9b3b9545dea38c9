"""Numbers as bolna's clients send them."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from api.body import Body, shown_with
from api.fields import Line, OneLine, Switch, refuse_twice, require_visible
from trunks.catalog.new_trunk import NewNumber
from trunks.rules.phone_numbers import fault_of, key_of, meant_by, read_digits

_MOST_NUMBERS = 1000


class NumberBody(Body):
    """The body of "Add a phone number to a trunk"."""

    model_config = shown_with(
        phone_number="919876543210", name="Mumbai Support Line", e164_check_enabled=False
    )

    e164_check_enabled: Switch | None = Field(False, description="Whether it has to be E.164.")
    phone_number: Annotated[
        str,
        OneLine,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=64),
        AfterValidator(require_visible),
    ] = Field(description="The DID; shown as it is given.")
    name: Line | None = Field(None, description="Optional label.")

    @field_validator("phone_number")
    @classmethod
    def _is_a_number(cls, text: str, info: ValidationInfo) -> str:
        if info.data.get("e164_check_enabled") and read_digits(text) is None:
            raise PydanticCustomError("e164", "It {fault}", {"fault": fault_of(text)})
        return text

    def to_number(self) -> NewNumber:
        """Turn into what the domain takes."""
        meant = meant_by(self.phone_number)
        country = None if meant is None else meant.country
        return NewNumber(number=self.phone_number, country_code=country, name=self.name)


def _each_once(numbers: list[NumberBody]) -> list[NumberBody]:
    refuse_twice(numbers, lambda each: key_of(each.phone_number), lambda each: repr(each.phone_number))
    return numbers


Numbers = Annotated[list[NumberBody], Field(max_length=_MOST_NUMBERS), AfterValidator(_each_once)]
