"""What talkover's clients send. Fields that are not known are ignored; of the others all faults are told at once."""

import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from sipcheck.errors import TargetInvalid
from sipcheck.target import HostPort, TransportName, parse_host_port
from trunks.services.trunk_book import NewTrunk

# The type of the one fault that has a code of its own.
NOT_VERIFIED = "trunk_not_verified"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _one_line(text: str) -> str:
    # PostgreSQL takes no NUL, and a SIP header no line end.
    if _CONTROL.search(text):
        raise PydanticCustomError("control_character", "It holds a control character; remove it")
    return text


def _host(text: str) -> str:
    if text.lower().startswith(("sip:", "sips:")):
        raise PydanticCustomError("host_with_scheme", "Give the host alone, without sip: before it")
    if _read_host_port(text).port is not None:
        raise PydanticCustomError("host_with_port", "Give the host alone; the port has a field of its own")
    return text


def _host_and_port(text: str) -> str:
    _read_host_port(text)
    return text


def _read_host_port(text: str) -> HostPort:
    try:
        return parse_host_port(text)
    except TargetInvalid as fault:
        raise PydanticCustomError("host", "{fault}", {"fault": str(fault)}) from None


def _never_at_creation(wanted: bool) -> bool:
    if wanted:
        raise PydanticCustomError(NOT_VERIFIED, "A trunk has to be verified before it can be active")
    return wanted


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), AfterValidator(_one_line)
]


class CreateTrunk(BaseModel):
    """The body of Create SIP Trunk (talkover, "Request body").

    Clients that write every field send null for what they leave out, so null means that here.
    """

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "example": {
                "name": "Primary Carrier — US",
                "provider_name": "carrier-x",
                "domain": "sip.carrier-x.com",
                "username": "user_42",
                "password": "secret-password",
                "port": 5061,
                "transport": "tls",
            }
        },
    )

    name: Line = Field(description="Human-readable trunk name.")
    provider_name: Line = Field(description="Identifier of your carrier or SIP provider.")
    domain: Annotated[Line, AfterValidator(_host)] = Field(description="SIP domain or proxy host.")
    username: Line = Field(description="SIP authentication username.")
    password: Annotated[SecretStr, Field(min_length=1, max_length=1024)] = Field(
        description="SIP authentication password. Stored encrypted, never returned."
    )
    port: Annotated[int, Field(strict=True, ge=1, le=65535)] | None = Field(
        None, description="SIP port. Without one RFC 3263 decides, by SRV records or 5060/5061 (ours)."
    )
    transport: TransportName | None = Field(TransportName.TLS, description="Transport protocol.")
    outbound_proxy: Annotated[Line, AfterValidator(_host_and_port)] | None = Field(
        None, description="Optional outbound proxy, host[:port]."
    )
    auth_realm: Line | None = Field(None, description="Optional SIP auth realm; no other is answered (ours).")
    is_active: Annotated[bool, Field(strict=True), AfterValidator(_never_at_creation)] | None = Field(
        False, description="You must verify before activating: true is refused here (ours)."
    )

    def to_trunk(self) -> NewTrunk:
        """Turn into what the domain takes."""
        return NewTrunk(
            name=self.name,
            provider_name=self.provider_name,
            domain=self.domain,
            port=self.port,
            transport=self.transport or TransportName.TLS,
            username=self.username,
            password=self.password.get_secret_value(),
            outbound_proxy=None if self.outbound_proxy is None else parse_host_port(self.outbound_proxy),
            auth_realm=self.auth_realm,
            wanted=bool(self.is_active),
        )
