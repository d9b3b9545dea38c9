"""What only talkover's bodies have."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from api.fields import Switch

# The type of the one fault that has a code of its own.
NOT_VERIFIED = "trunk_not_verified"


def _never_at_creation(wanted: bool) -> bool:
    if wanted:
        raise PydanticCustomError(NOT_VERIFIED, "A trunk has to be verified before it can be active")
    return wanted


SwitchAtCreation = Annotated[Switch, AfterValidator(_never_at_creation)]
