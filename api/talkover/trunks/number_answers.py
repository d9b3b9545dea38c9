"""DIDs as talkover shows them."""

from uuid import UUID

from pydantic import BaseModel, Field

from trunks.models.phone_number import PhoneNumber
from trunks.rules.phone_numbers import E164


class NumberWarning(BaseModel):
    code: str
    message: str


class NumberShown(BaseModel):
    """A number that is no E.164, which another dialect may have entered, has no national form."""

    id: UUID
    number: str
    country_code: str | None
    formatted_number: str | None = Field(description="As it is written in its country.")


class NumberListed(NumberShown):
    assigned_to: str | None = Field(description="What uses the number (ours).")


class NumberMade(NumberShown):
    trunk_id: UUID
    warnings: list[NumberWarning] = Field(
        default_factory=list, description="What is odd about the number, only where something is (ours)."
    )


class NumberCreated(BaseModel):
    success: bool
    data: NumberMade


class NumberChanged(BaseModel):
    success: bool = True
    data: NumberListed


class NumberList(BaseModel):
    success: bool = True
    data: list[NumberListed]
    next_cursor: str | None = Field(description="(ours)")


class NumberRemoved(BaseModel):
    success: bool = True
    message: str = "DID removed"


def show_created(number: PhoneNumber, mismatch: str | None) -> NumberCreated:
    shown = NumberMade(trunk_id=number.trunk_id, **dict(_show(number)))
    if mismatch is not None:
        shown.warnings = [NumberWarning(code="country-mismatch", message=mismatch)]
    return NumberCreated(success=True, data=shown)


def show_listed(number: PhoneNumber) -> NumberListed:
    return NumberListed(assigned_to=number.assigned_to, **dict(_show(number)))


def _show(number: PhoneNumber) -> NumberShown:
    e164 = None if number.e164 is None else E164(number.e164)
    return NumberShown(
        id=number.id,
        number=number.normal,
        country_code=number.country_code or (e164.country if e164 is not None else None),
        formatted_number=None if e164 is None else e164.national,
    )
