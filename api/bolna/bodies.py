"""Trunks as bolna's clients send them."""

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from api.body import Body, UpdateBody, shown_with
from api.bolna.number_bodies import NumberBody
from api.fields import Host, Line, Password, Port, Switch, judge_allow_list, require_one_line
from sipcheck.target import TransportName, parse_host_port
from trunks.catalog.new_trunk import NewGateway, NewTrunk
from trunks.rules.profile import CallingFormat, InboundAuthorization, MediaEncryption, TrunkProfile
from trunks.rules.whole_trunk import encryption_fault

# The type of the one fault that is a 422 (bolna documents it so).
SDES_WITHOUT_TLS = "sdes_without_tls"
ONLY_FOR_USERPASS = "It is for userpass alone: an ip-based trunk has neither user nor password"
SDES_NEEDS_TLS = "sdes needs transport-tls: the keys would be sent in the clear"

_MOST_GATEWAYS = 8
_MOST_NUMBERS = 1000
_MOST_ADDRESSES = 256
_LONGEST_SECONDS = 86_400


class AuthType(StrEnum):
    USERPASS = "userpass"
    IP_BASED = "ip-based"


class Transport(StrEnum):
    UDP = "transport-udp"
    TCP = "transport-tcp"
    TLS = "transport-tls"

    @property
    def name_here(self) -> TransportName:
        return TransportName(self.removeprefix("transport-"))

    @classmethod
    def of(cls, transport: TransportName | None) -> "Transport":
        return cls(f"transport-{transport or TransportName.UDP}")


def _allowed(address: str) -> str:
    return judge_allow_list([address], "{fault}")[0]


class GatewayBody(Body):
    gateway_address: Host = Field(description="Host name or IP address, without port.")
    port: Port | None = Field(
        None,
        description="Where none is given RFC 3263 decides, and it is shown as 5060, or 5061 with transport-tls (ours).",
    )
    priority: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = Field(
        1, description="The lowest is asked first."
    )


class AddressBody(Body):
    ip_address: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=64), AfterValidator(_allowed)
    ] = Field(description="An address or a CIDR that calls come from.")


Gateways = Annotated[list[GatewayBody], Field(min_length=1, max_length=_MOST_GATEWAYS)]
Addresses = Annotated[list[AddressBody], Field(max_length=_MOST_ADDRESSES)]
Numbers = Annotated[list[NumberBody], Field(max_length=_MOST_NUMBERS)]
Codecs = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=255), AfterValidator(require_one_line)
]
Frequency = Annotated[int, Field(strict=True, ge=0, le=_LONGEST_SECONDS)]


class TrunkFields(Body):
    """What may stand in creation and in an update alike; null means that a field is left out.

    What decides about other fields stands before them.
    """

    name: Line | None = Field(None, description="Unique in your account.")
    provider: Line | None = None
    description: Annotated[str, StringConstraints(max_length=2000)] | None = None
    auth_type: AuthType | None = None
    auth_username: Line | None = Field(None, description="For userpass.", validate_default=True)
    auth_password: Password | None = Field(
        None, description="For userpass. Stored encrypted, never returned.", validate_default=True
    )
    ip_identifiers: Addresses | None = Field(
        None, description="For ip-based: where calls come from.", validate_default=True
    )
    gateways: Gateways | None = None
    transport: Transport | None = Field(Transport.UDP)
    media_encryption: MediaEncryption | None = Field(
        MediaEncryption.NO, description="`sdes` needs transport-tls."
    )
    media_encryption_optimistic: Switch | None = False
    allow: Codecs | None = "ulaw,alaw"
    disallow: Codecs | None = "all"
    inbound_enabled: Switch | None = False
    outbound_leading_plus_enabled: Switch | None = True
    qualify_frequency: Frequency | None = Field(
        60, description="Seconds between health checks; 0 for none; less than the floor is the floor (ours)."
    )
    direct_media: Switch | None = False
    rtp_symmetric: Switch | None = True
    force_rport: Switch | None = True
    phone_numbers: Numbers | None = Field(None, description="The trunk's numbers, all of them.")


class CreateTrunk(TrunkFields):
    """The body of "Create trunk"."""

    model_config = shown_with(
        name="Mumbai carrier",
        provider="carrier-x",
        auth_type="userpass",
        auth_username="user_42",
        auth_password="secret-password",  # noqa: S106 - nobody's
        gateways=[{"gateway_address": "sip.carrier-x.com", "port": 5060, "priority": 1}],
    )

    name: Line = Field(description="Unique in your account.")
    provider: Line
    auth_type: AuthType
    gateways: Gateways

    @field_validator("auth_username", "auth_password")
    @classmethod
    def _there_for_userpass(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.data.get("auth_type") is AuthType.USERPASS:
            raise PydanticCustomError("required_for_userpass", "It is required for userpass")
        if value is not None and info.data.get("auth_type") is AuthType.IP_BASED:
            raise PydanticCustomError("only_for_userpass", ONLY_FOR_USERPASS)
        return value

    @field_validator("ip_identifiers")
    @classmethod
    def _there_for_ip(cls, value: list[AddressBody] | None, info: ValidationInfo) -> Any:
        if info.data.get("auth_type") is AuthType.IP_BASED:
            judge_allow_list([each.ip_address for each in value or ()], "{fault}")
        return value

    @field_validator("media_encryption")
    @classmethod
    def _with_tls(cls, value: MediaEncryption | None, info: ValidationInfo) -> MediaEncryption | None:
        transport = info.data.get("transport", Transport.TLS) or Transport.UDP
        if encryption_fault(value or MediaEncryption.NO, (transport.name_here,)) is not None:
            raise PydanticCustomError(SDES_WITHOUT_TLS, SDES_NEEDS_TLS)
        return value

    def to_trunk(self, *, interval_floor_seconds: float) -> NewTrunk:
        """Turn into what the domain takes; the customer's switch is on."""
        userpass = self.auth_type is AuthType.USERPASS
        password = self.auth_password if userpass else None
        return NewTrunk(
            name=self.name,
            provider_name=self.provider,
            gateways=new_gateways(self.gateways, (self.transport or Transport.UDP).name_here),
            username=self.auth_username if userpass else None,
            password=None if password is None else password.get_secret_value(),
            wanted=True,
            health_interval_seconds=to_interval(
                60 if self.qualify_frequency is None else self.qualify_frequency, interval_floor_seconds
            ),
            profile=TrunkProfile(
                **profile_fields({name: value for name, value in self if value is not None})
            ),
            numbers=tuple(number.to_number() for number in self.phone_numbers or ()),
        )


class UpdateTrunk(UpdateBody, TrunkFields):
    """The body of "Update trunk": what is left out, or sent as it is shown, stays; arrays are replaced whole."""

    model_config = shown_with(name="Mumbai carrier, second")

    is_active: Switch | None = Field(
        None,
        description="Your switch: 409 on an unverified trunk. Beside other fields it is no change where it is as shown "
        "(ours).",
    )

    def sent(self) -> dict[str, Any]:
        """The fields that were sent; null leaves a field as it is, and clears the description."""
        found = super().sent()
        return {name: value for name, value in found.items() if value is not None or name == "description"}


def new_gateways(
    gateways: list[GatewayBody],
    transport: TransportName | None,
    *,
    without_port: Collection[tuple[str, int]] = (),
) -> tuple[NewGateway, ...]:
    """Turn into the domain's; these hosts, in their normal form, have no port where they are sent with this one."""
    return tuple(
        NewGateway(
            host=each.gateway_address,
            port=None
            if (parse_host_port(each.gateway_address).host, each.port) in without_port
            else each.port,
            transport=transport,
            priority=each.priority or 1,
        )
        for each in gateways
    )


def to_interval(frequency_seconds: int, floor_seconds: float) -> float:
    """Turn into a health interval; 0 means none."""
    return 0.0 if frequency_seconds == 0 else max(float(frequency_seconds), floor_seconds)


# Fields that the profile calls the same.
SAME_IN_PROFILE = (
    "description",
    "media_encryption",
    "media_encryption_optimistic",
    "allow",
    "disallow",
    "inbound_enabled",
    "direct_media",
    "rtp_symmetric",
    "force_rport",
)


def profile_fields(sent: dict[str, Any]) -> dict[str, Any]:
    """Name the profile's fields that these set."""
    found = {name: sent[name] for name in SAME_IN_PROFILE if name in sent}
    if "outbound_leading_plus_enabled" in sent:
        plus = sent["outbound_leading_plus_enabled"]
        found["calling_format"] = CallingFormat.PLUS_E164 if plus else CallingFormat.E164
    if "auth_type" in sent:
        by_ip = sent["auth_type"] is AuthType.IP_BASED
        found["authorization"] = InboundAuthorization.IP if by_ip else InboundAuthorization.AUTH
    if "ip_identifiers" in sent:
        found["allowed_addresses"] = tuple(each.ip_address for each in sent["ip_identifiers"])
    return found
