"""SIP trunks as autocalls' clients send them (autocalls, "Create SIP trunk", "Body Parameters")."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from api.body import Body, ShownAsNull, UpdateBody, left_out, shown_with
from api.fields import (
    CALLER_IDENTITY,
    PROOF,
    Host,
    OneLine,
    Secret,
    Switch,
    TwoLetters,
    judge_allow_list,
    judge_country,
    require_visible,
)
from sipcheck.diagnosis.evidence import Proof
from sipcheck.verification.calling.options import CallIdentity
from trunks.catalog.new_trunk import NewGateway, NewNumber, NewTrunk
from trunks.rules.phone_numbers import E164, fault_of
from trunks.rules.profile import CallingFormat, InboundAuthorization, TrunkProfile

ONLY_FOR_IP = "can be given for ip alone: with auth, calls are let in by their password"

_MOST_ADDRESSES = 256
# What stands in a SIP URI's user part as it is (RFC 3261 §25.1), without what means something to dial plans.
_EXTENSION = re.compile(r"[A-Za-z0-9._+*-]{1,15}", re.ASCII)


class LineType(StrEnum):
    EXTENSION = "extension"
    NUMBER = "number"


def _country(code: str) -> str:
    return judge_country(code, "must be the two letters of a country (ISO 3166), such as US, GB or DE")


def _allow_list(entries: list[str]) -> list[str]:
    return judge_allow_list(entries, "cannot be used: {fault}") if entries else entries


def _visible_or_none(text: str) -> str:
    return require_visible(text) if text else text


Nickname = Annotated[
    str, OneLine, StringConstraints(strip_whitespace=True, max_length=50), AfterValidator(_visible_or_none)
]
Username = Annotated[
    str,
    OneLine,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=128),
    AfterValidator(require_visible),
]
Password = Annotated[Secret, Field(min_length=3, max_length=1024)]
Country = Annotated[str, TwoLetters, AfterValidator(_country)]
AllowList = Annotated[
    list[Annotated[str, OneLine, StringConstraints(strip_whitespace=True, max_length=64)]],
    Field(max_length=_MOST_ADDRESSES),
    AfterValidator(_allow_list),
]
LineText = Annotated[str, OneLine, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


def judge_line(kind: LineType, text: str) -> str:
    """Refuse what is no number, or no extension. Raises PydanticCustomError."""
    fault = fault_of(text) if kind is LineType.NUMBER else None
    if fault is not None:
        raise PydanticCustomError("e164", "{fault}", {"fault": fault})
    if kind is LineType.EXTENSION and not _EXTENSION.fullmatch(text):
        raise PydanticCustomError(
            "extension",
            "must be an extension of 1 to 15 characters, letters A to Z, digits and . _ - + *, without spaces, "
            "such as 1000",
        )
    return text


class CreateTrunk(Body):
    """The body of Create SIP trunk; null means that a field is left out."""

    model_config = shown_with(
        sip_trunk_type="extension",
        phone_number="1000",
        nickname="Provider X — Main",
        sip_username="myuser",
        sip_password="secret-password",  # noqa: S106 - nobody's
        sip_address="sip.provider.com",
        sip_calling_format="+e164",
        inbound_authorization_type="auth",
        country_code="US",
    )

    sip_trunk_type: LineType = Field(title="SIP trunk type", description="`extension` or `number`.")
    phone_number: LineText = Field(
        title="Phone number", description="An extension of 1–15 characters, or a number in E.164."
    )
    nickname: Nickname | None = Field(None, title="Nickname", description="A short label.")
    sip_username: Username = Field(title="SIP username", description="Username for SIP authentication.")
    sip_password: Password = Field(title="SIP password", description="Stored encrypted, never returned.")
    sip_address: Host = Field(title="SIP server address", description="Without port.")
    sip_calling_format: CallingFormat = Field(
        title="SIP calling format", description="How outbound numbers are written."
    )
    inbound_authorization_type: InboundAuthorization = Field(
        title="Inbound authorization type", description="`auth` or `ip`."
    )
    allowed_inbound_ips: AllowList | None = Field(
        None,
        title="Allowed inbound IPs",
        description="Required for `ip`; a list that admits everyone is refused (ours).",
        validate_default=True,
    )
    country_code: Country = Field(
        title="Country code", description="ISO 3166; for a number its own country replaces the one given."
    )
    outbound_proxy: Switch | None = Field(
        False,
        title="Outbound proxy",
        description="Calls leave through the platform's fixed address; needs TRUNKS_FIXED_EGRESS (ours).",
    )
    proof: Proof | None = Field(Proof.AUTO, title="Proof", description=PROOF)
    caller_identity: CallIdentity | None = Field(
        CallIdentity.NUMBER, title="Caller identity", description=CALLER_IDENTITY
    )

    @field_validator("phone_number")
    @classmethod
    def _fits_its_type(cls, text: str, info: ValidationInfo) -> str:
        kind = info.data.get("sip_trunk_type")
        return text if kind is None else judge_line(kind, text)

    @field_validator("allowed_inbound_ips")
    @classmethod
    def _there_for_ip(cls, entries: list[str] | None, info: ValidationInfo) -> list[str] | None:
        by_ip = info.data.get("inbound_authorization_type") is InboundAuthorization.IP
        if by_ip and not entries:
            raise PydanticCustomError(
                "required_for_ip",
                "must hold at least one valid IP address for ip: an empty list admits everyone",
            )
        if entries and info.data.get("inbound_authorization_type") is InboundAuthorization.AUTH:
            raise PydanticCustomError("only_for_ip", "{said}", {"said": ONLY_FOR_IP})
        return entries

    def to_trunk(self) -> NewTrunk:
        """Turn into what the domain takes; the customer has no switch here, so it is on."""
        by_ip = self.inbound_authorization_type is InboundAuthorization.IP
        is_number = self.sip_trunk_type is LineType.NUMBER
        country = country_of(self.phone_number, self.country_code) if is_number else self.country_code
        return NewTrunk(
            name=self.nickname or self.phone_number,
            provider_name=self.sip_address,
            gateways=(NewGateway(host=self.sip_address),),
            username=self.sip_username,
            password=self.sip_password.get_secret_value(),
            proof=self.proof or Proof.AUTO,
            wanted=True,
            profile=TrunkProfile(
                nickname=self.nickname or None,
                extension=None if is_number else self.phone_number,
                calling_format=self.sip_calling_format,
                caller_identity=self.caller_identity or CallIdentity.NUMBER,
                authorization=self.inbound_authorization_type,
                allowed_addresses=tuple(self.allowed_inbound_ips or ()) if by_ip else (),
                country_code=country,
                fixed_egress=bool(self.outbound_proxy),
            ),
            numbers=(NewNumber(number=self.phone_number, country_code=country),) if is_number else (),
        )


def country_of(number: str, given: str | None) -> str | None:
    """Give a number's own country, or where it tells none the one given."""
    return E164(number).country or given


class UpdateTrunk(UpdateBody):
    """The body of Update SIP trunk: what is left out, or sent as it is shown, stays; `nickname: null` clears it."""

    model_config = shown_with(nickname="Provider X — Backup", sip_address="sip2.provider.com")

    sip_trunk_type: LineType = left_out(title="SIP trunk type", description="(ours)")
    phone_number: Annotated[LineText, ShownAsNull()] = left_out(
        title="Phone number", description="In the place of the line that is shown; other numbers stay (ours)."
    )
    nickname: Nickname | None = Field(None, title="Nickname", description="null clears it.")
    sip_username: Annotated[Username, ShownAsNull()] = left_out(title="SIP username")
    sip_password: Password = left_out(title="SIP password")
    sip_address: Host = left_out(title="SIP server address")
    sip_calling_format: CallingFormat = left_out(title="SIP calling format")
    inbound_authorization_type: InboundAuthorization = left_out(
        title="Inbound authorization type",
        description="To `ip` needs allowed_inbound_ips; to `auth` clears them.",
    )
    allowed_inbound_ips: AllowList | None = Field(
        None, title="Allowed inbound IPs", description="For `ip` alone; null is the empty list (ours)."
    )
    country_code: Annotated[Country, ShownAsNull()] = left_out(title="Country code")
    outbound_proxy: Switch = left_out(title="Outbound proxy")
    proof: Proof = left_out(title="Proof", description=PROOF)
    caller_identity: CallIdentity = left_out(title="Caller identity", description=CALLER_IDENTITY)
