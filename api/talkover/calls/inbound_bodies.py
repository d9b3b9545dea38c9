"""A call that came in, as a client asks about it (ours)."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError, core_schema

from api.body import Body, shown_with
from sipcheck.diagnosis.inbound.call import (
    IncomingCall,
    InviteInvalid,
    SourceInvalid,
    read_invite,
    read_source,
)

_LONGEST_INVITE = 65_535


def _source(text: str) -> str:
    try:
        return read_source(text)
    except SourceInvalid as fault:
        raise PydanticCustomError("source", "{fault}", {"fault": str(fault)}) from None


User = Annotated[str, StringConstraints(max_length=255)]


class ExplainCall(Body):
    """Either the whole INVITE, or what of it counts."""

    model_config = shown_with(to="0015551234567", request_uri_user="+15551234567", source_ip="203.0.113.10")

    source_ip: Annotated[str, AfterValidator(_source)] = Field(
        description="The address that the INVITE came from.", examples=["203.0.113.10"]
    )
    invite: Annotated[str, StringConstraints(max_length=_LONGEST_INVITE)] | None = Field(
        None, description="The INVITE as a log or a trace shows it; it takes the place of the other fields."
    )
    to: User | None = Field(
        None, description="The user in To, as it was sent. Required without `invite`.", validate_default=True
    )
    request_uri_user: User | None = Field(None, description="The user in the Request-URI, as it was sent.")
    from_: User | None = Field(None, alias="from", description="The user in From, as it was sent.")
    from_host: User | None = Field(None, description="The host in From, without its port.")

    @field_validator("invite")
    @classmethod
    def _is_invite(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                read_invite(text, "192.0.2.1")
            except InviteInvalid as fault:
                raise PydanticCustomError("invite", "{fault}", {"fault": str(fault)}) from None
        return text

    @field_validator("to")
    @classmethod
    def _is_there_without_invite(cls, text: str | None, info: core_schema.ValidationInfo) -> str | None:
        if text is None and info.data.get("invite", "") is None:
            raise PydanticCustomError("either", "Give it, or the whole INVITE as invite")
        return text

    def to_call(self) -> IncomingCall:
        """Turn into what the domain takes."""
        if self.invite is not None:
            return read_invite(self.invite, self.source_ip)
        return IncomingCall(
            called=self.to or "",
            source_ip=self.source_ip,
            request_uri_user=self.request_uri_user,
            caller=self.from_,
            from_host=self.from_host,
        )
