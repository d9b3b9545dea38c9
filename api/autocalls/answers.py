"""SIP trunks as autocalls shows them (autocalls, "Response")."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, Field, PlainSerializer

from api.our_state import OurState, our_state
from trunks.catalog.views import TrunkView
from trunks.rules.phone_numbers import read_e164
from trunks.rules.profile import CallingFormat, InboundAuthorization


def _write_timestamp(at: datetime) -> str:
    """Write in UTC to the microsecond: 2026-03-31T10:00:00.000000Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Timestamp = Annotated[datetime, PlainSerializer(_write_timestamp, return_type=str)]


class TrunkShown(BaseModel):
    """What the vendor documents of a trunk."""

    id: int
    phone_number: str | None
    nickname: str | None
    sip_username: str | None
    sip_address: str
    sip_calling_format: CallingFormat
    inbound_authorization_type: InboundAuthorization
    allowed_inbound_ips: list[str] | None
    outbound_proxy: bool
    country_code: str | None
    inbound_trunk_id: str | None = Field(description="null where nothing is provisioned (ours).")
    outbound_trunk_id: str | None = Field(description="null where nothing is provisioned (ours).")
    created_at: Timestamp
    updated_at: Timestamp


class TrunkDetails(OurState, TrunkShown):
    pass


class TrunkAnswer(BaseModel):
    message: str
    data: TrunkDetails


class TrunkFound(BaseModel):
    data: TrunkDetails


class TrunkList(BaseModel):
    data: list[TrunkDetails]


class Done(BaseModel):
    message: str


def line_of(view: TrunkView) -> str | None:
    """The extension, or the first number, in E.164 however another dialect was given it."""
    if view.profile.extension is not None:
        return view.profile.extension
    return view.numbers[0].normal if view.numbers else None


def nickname_of(view: TrunkView) -> str | None:
    """The nickname, or the name that another dialect gave; None for a trunk that is called by its line.

    Its name stays where another dialect takes that line away.
    """
    name = view.trunk.name
    if view.profile.nickname or name == line_of(view):
        return view.profile.nickname
    # A country of the trunk's own is what autocalls alone enters.
    was_a_line = view.profile.country_code is not None and read_e164(name) is not None
    return None if was_a_line else name


def show_details(view: TrunkView) -> TrunkDetails:
    trunk, profile, line = view.trunk, view.profile, line_of(view)
    return TrunkDetails(
        id=view.serial,
        phone_number=line,
        nickname=nickname_of(view),
        sip_username=trunk.username,
        sip_address=trunk.gateways[0].host,
        sip_calling_format=profile.calling_format,
        inbound_authorization_type=profile.authorization,
        allowed_inbound_ips=list(profile.addresses_let_in) or None,
        outbound_proxy=profile.fixed_egress,
        country_code=profile.country_code or next((each.country_code for each in view.numbers), None),
        inbound_trunk_id=view.sides.inbound,
        outbound_trunk_id=view.sides.outbound,
        created_at=trunk.created_at,
        updated_at=trunk.updated_at,
        **our_state(view),
    )
