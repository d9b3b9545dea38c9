"""DIDs as talkover's clients send them."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from api.body import Body, shown_with
from api.fields import Line, OneLine, TwoLetters, judge_country
from trunks.catalog.new_trunk import NewNumber
from trunks.rules.phone_numbers import E164, calling_code_of, fault_of


def _country(code: str) -> str:
    said = "It is no country of ISO 3166-1 with phone numbers; give two letters such as US or BR"
    return judge_country(code, said)


def _number(text: str) -> str:
    fault = fault_of(text)
    if fault is not None:
        raise PydanticCustomError("e164", "It {fault}", {"fault": fault})
    return text


class CreateNumber(Body):
    """The body of Create DID."""

    model_config = shown_with(country_code="US", number="+15551234567")

    country_code: Annotated[str, TwoLetters, AfterValidator(_country)] = Field(
        description="Country code, ISO 3166-1 alpha-2, such as US, BR, GB."
    )
    number: Annotated[
        str, OneLine, StringConstraints(strip_whitespace=True, max_length=64), AfterValidator(_number)
    ] = Field(description="Phone number in E.164, such as +15551234567.")

    def to_number(self) -> NewNumber:
        """Turn into what the domain takes."""
        return NewNumber(number=self.number, country_code=self.country_code)

    @property
    def mismatch(self) -> str | None:
        """Say how number and country contradict each other, which the vendor's own sample does."""
        number = E164(self.number)
        if calling_code_of(self.country_code) == number.calling_code:
            return None
        return f"{self.number} has the calling code +{number.calling_code}, which is not that of {self.country_code}."


class AssignNumber(Body):
    """The body of a DID's update (ours)."""

    model_config = shown_with(assigned_to="agent-7")

    assigned_to: Line | None = Field(description="What uses the number; null when nothing does (ours).")
