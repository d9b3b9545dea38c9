"""Test calls as talkover's clients ask for them (ours; docs/calls.md)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError, core_schema

from api.body import Body, shown_with
from api.fields import OneLine, Switch
from sipcheck.verification.calling.numbers import NumberFormat
from sipcheck.verification.calling.options import DEFAULT_RING_SECONDS, DEFAULT_TALK_SECONDS, CallIdentity
from trunks.rules.call_limits import MOST_SECONDS
from trunks.rules.profile import TrunkProfile
from trunks.runs.calls.wish import CallWish


class WantedFormat(StrEnum):
    PLUS_E164 = "+e164"
    E164 = "e164"
    NATIONAL = "national"
    AUTO = "auto"


class WantedIdentity(StrEnum):
    NUMBER = "number"
    USERNAME = "username"
    AUTO = "auto"


Written = Annotated[str, OneLine, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=int(MOST_SECONDS))]


class PlaceCall(Body):
    """The telephone rings."""

    model_config = shown_with(to="+4930123456", format="auto", ring_seconds=30, talk_seconds=5)

    to: Written = Field(
        description="Whom to call, in E.164: a number of a country that your environment may call."
    )
    from_: Written | None = Field(
        None,
        alias="from",
        description="Who calls: a number of this trunk. Else its first one, or its username.",
    )
    format: WantedFormat | None = Field(
        None,
        description="How the number is written; else as the trunk says. `auto` tries each, and hangs up on ringing.",
    )
    identity: WantedIdentity | None = Field(
        None,
        description="Who stands in From; else as the trunk says (`caller_identity`). `auto` tries the username where "
        "the number is forbidden.",
    )
    ring_seconds: Seconds | None = Field(int(DEFAULT_RING_SECONDS), description="How long it may ring.")
    talk_seconds: Seconds | None = Field(
        int(DEFAULT_TALK_SECONDS),
        description="How long to listen once it is answered; 60 s with the ringing at most.",
        validate_default=True,
    )
    apply: Switch | None = Field(
        False,
        description="Let the trunk's calls be written as this one was taken: how their numbers are (`format`), and who "
        "stands in From (`identity`).",
    )

    @field_validator("talk_seconds")
    @classmethod
    def _not_too_long(cls, seconds: int | None, info: core_schema.ValidationInfo) -> int | None:
        rings = info.data.get("ring_seconds") or int(DEFAULT_RING_SECONDS)
        if (seconds or int(DEFAULT_TALK_SECONDS)) + rings > MOST_SECONDS:
            raise PydanticCustomError(
                "call_too_long",
                "A test call lasts {most} s at most, ringing and talking; give less of either",
                {"most": int(MOST_SECONDS)},
            )
        return seconds

    def to_wish(self, profile: TrunkProfile) -> CallWish:
        """Turn into what the domain takes; what is left open is as the trunk's calls are written."""
        wanted = self.format or WantedFormat(profile.calling_format)
        identity = self.identity or WantedIdentity(profile.caller_identity)
        return CallWish(
            called=self.to,
            caller=self.from_,
            format=None if wanted is WantedFormat.AUTO else NumberFormat(wanted),
            identity=None if identity is WantedIdentity.AUTO else CallIdentity(identity),
            ring_seconds=float(self.ring_seconds or DEFAULT_RING_SECONDS),
            talk_seconds=float(self.talk_seconds or DEFAULT_TALK_SECONDS),
            apply=bool(self.apply),
        )
