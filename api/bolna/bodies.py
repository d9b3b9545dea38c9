"""Trunks as bolna's clients send them."""

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from api.body import Body, ShownAsNull, UpdateBody, left_out, shown_with
from api.bolna.number_bodies import Numbers
from api.fields import (
    CALLER_IDENTITY,
    PROOF,
    Host,
    Line,
    OneLine,
    Password,
    Port,
    Switch,
    judge_allow_list,
    refuse_twice,
)
from sipcheck.diagnosis.evidence import Proof
from sipcheck.target import TransportName, parse_host_port
from sipcheck.verification.calling.options import CallIdentity
from trunks.catalog.new_trunk import NewGateway, NewTrunk
from trunks.rules.profile import (
    PLAIN,
    CallingFormat,
    InboundAuthorization,
    MediaEncryption,
    TrunkProfile,
)
from trunks.rules.whole_trunk import codec_fault, encryption_fault

# The type of the one fault that is a 422 (bolna documents it so).
SDES_WITHOUT_TLS = "sdes_without_tls"
ONLY_FOR_USERPASS = "It is for userpass alone: an ip-based trunk has neither user nor password"
ONLY_FOR_IP_BASED = (
    "It is for ip-based alone: a userpass trunk lets calls in by its user and password, and nothing would look at "
    "{address}; leave the list out, or send auth_type ip-based without user and password"
)
SDES_NEEDS_TLS = "sdes needs transport-tls: the keys would be sent in the clear"

_MOST_GATEWAYS = 8
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
        str, OneLine, StringConstraints(strip_whitespace=True, max_length=64), AfterValidator(_allowed)
    ] = Field(description="An address or a CIDR that calls come from.")


def _each_once(gateways: list[GatewayBody]) -> list[GatewayBody]:
    refuse_twice(
        gateways,
        lambda each: (parse_host_port(each.gateway_address).host, each.port),
        lambda each: each.gateway_address if each.port is None else f"{each.gateway_address}:{each.port}",
    )
    return gateways


Gateways = Annotated[
    list[GatewayBody], Field(min_length=1, max_length=_MOST_GATEWAYS), AfterValidator(_each_once)
]
Addresses = Annotated[list[AddressBody], Field(max_length=_MOST_ADDRESSES)]
Codecs = Annotated[str, OneLine, StringConstraints(strip_whitespace=True, max_length=255)]
Description = Annotated[str, StringConstraints(max_length=2000)]
Frequency = Annotated[int, Field(strict=True, ge=0, le=_LONGEST_SECONDS)]


_DISALLOW = "`all`, or codecs that calls are not to use."
_ALLOW = "Of ulaw, alaw and g722, what calls use, the best first; other names are left out (ours)."
_FREQUENCY = "Seconds between health checks; 0 for none; less than the floor is the floor (ours)."


class CreateTrunk(Body):
    """The body of "Create trunk"; null means that a field is left out.

    What decides about other fields stands before them.
    """

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
    description: Description | None = None
    auth_type: AuthType
    auth_username: Line | None = Field(None, description="For userpass.", validate_default=True)
    auth_password: Password | None = Field(
        None, description="For userpass. Stored encrypted, never returned.", validate_default=True
    )
    ip_identifiers: Addresses | None = Field(
        None, description="For ip-based alone: where calls come from.", validate_default=True
    )
    gateways: Gateways
    transport: Transport | None = Field(Transport.UDP)
    media_encryption: MediaEncryption | None = Field(
        MediaEncryption.NO, description="`sdes` needs transport-tls."
    )
    media_encryption_optimistic: Switch | None = False
    disallow: Codecs | None = Field(PLAIN.disallow, description=_DISALLOW)
    allow: Codecs | None = Field(PLAIN.allow, description=_ALLOW, validate_default=True)
    inbound_enabled: Switch | None = False
    outbound_leading_plus_enabled: Switch | None = True
    qualify_frequency: Frequency | None = Field(60, description=_FREQUENCY)
    direct_media: Switch | None = False
    rtp_symmetric: Switch | None = True
    force_rport: Switch | None = True
    phone_numbers: Numbers | None = Field(None, description="The trunk's numbers, all of them.")
    proof: Proof | None = Field(Proof.AUTO, description=PROOF)
    caller_identity: CallIdentity | None = Field(CallIdentity.NUMBER, description=CALLER_IDENTITY)

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
        if value and info.data.get("auth_type") is AuthType.USERPASS:
            raise PydanticCustomError(
                "only_for_ip_based", ONLY_FOR_IP_BASED, {"address": value[0].ip_address}
            )
        return value

    @field_validator("media_encryption")
    @classmethod
    def _with_tls(cls, value: MediaEncryption | None, info: ValidationInfo) -> MediaEncryption | None:
        transport = info.data.get("transport", Transport.TLS) or Transport.UDP
        if encryption_fault(value or MediaEncryption.NO, (transport.name_here,)) is not None:
            raise PydanticCustomError(SDES_WITHOUT_TLS, SDES_NEEDS_TLS)
        return value

    @field_validator("allow")
    @classmethod
    def _leaves_a_codec(cls, value: str | None, info: ValidationInfo) -> str | None:
        fault = codec_fault(value or PLAIN.allow, info.data.get("disallow") or PLAIN.disallow)
        if fault is not None:
            raise PydanticCustomError("no_codec", "{fault}", {"fault": fault.removesuffix(".")})
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
            proof=self.proof or Proof.AUTO,
            wanted=True,
            health_interval_seconds=to_interval(
                60 if self.qualify_frequency is None else self.qualify_frequency, interval_floor_seconds
            ),
            profile=TrunkProfile(
                **profile_fields({name: value for name, value in self if value is not None})
            ),
            numbers=tuple(number.to_number() for number in self.phone_numbers or ()),
        )


class UpdateTrunk(UpdateBody):
    """The body of "Update trunk": what is left out, or sent as it is shown, stays; arrays are replaced whole.

    null is for what a trunk can be without, or is shown without (ours).
    """

    model_config = shown_with(name="Mumbai carrier, second")

    name: Line = left_out(description="Unique in your account.")
    provider: Line = left_out()
    description: Description | None = Field(None, description="null clears it (ours).")
    auth_type: AuthType = left_out()
    auth_username: Annotated[Line, ShownAsNull()] = left_out(description="For userpass.")
    auth_password: Password = left_out(description="For userpass. Stored encrypted, never returned.")
    ip_identifiers: Addresses = left_out(
        description="For ip-based alone: where calls come from. A change to userpass clears them (ours)."
    )
    gateways: Gateways = left_out()
    transport: Transport = left_out(description="Of all gateways.")
    media_encryption: MediaEncryption = left_out(description="`sdes` needs transport-tls.")
    media_encryption_optimistic: Switch = left_out()
    disallow: Codecs = left_out(description=_DISALLOW)
    allow: Codecs = left_out(description=_ALLOW)
    inbound_enabled: Switch = left_out()
    outbound_leading_plus_enabled: Switch = left_out()
    qualify_frequency: Frequency = left_out(description=_FREQUENCY)
    direct_media: Switch = left_out()
    rtp_symmetric: Switch = left_out()
    force_rport: Switch = left_out()
    phone_numbers: Numbers = left_out(description="The trunk's numbers, all of them.")
    proof: Proof = left_out(description=PROOF)
    caller_identity: CallIdentity = left_out(description=CALLER_IDENTITY)
    is_active: Switch = left_out(
        description="Your switch: 409 on an unverified trunk. Beside other fields it is no change where it is as shown "
        "(ours)."
    )


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
    found = {name: sent[name] for name in (*SAME_IN_PROFILE, "caller_identity") if name in sent}
    if "outbound_leading_plus_enabled" in sent:
        plus = sent["outbound_leading_plus_enabled"]
        found["calling_format"] = CallingFormat.PLUS_E164 if plus else CallingFormat.E164
    if "auth_type" in sent:
        by_ip = sent["auth_type"] is AuthType.IP_BASED
        found["authorization"] = InboundAuthorization.IP if by_ip else InboundAuthorization.AUTH
    if "ip_identifiers" in sent:
        found["allowed_addresses"] = tuple(each.ip_address for each in sent["ip_identifiers"])
    return found
