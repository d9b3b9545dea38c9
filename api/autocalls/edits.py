"""From what an autocalls client changes to the domain's edit, where one field decides about another."""

from typing import Any

from pydantic_core import PydanticCustomError

from api.autocalls.answers import line_of
from api.autocalls.bodies import LineType, UpdateTrunk, country_of, judge_line
from api.autocalls.faults import invalid_fields
from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.catalog.views import TrunkView
from trunks.rules.profile import InboundAuthorization

# What a body calls it, and what the profile does.
_PROFILE = {
    "nickname": "nickname",
    "sip_calling_format": "calling_format",
    "inbound_authorization_type": "authorization",
    "country_code": "country_code",
    "outbound_proxy": "fixed_egress",
}


def to_edit(body: UpdateTrunk, view: TrunkView) -> TrunkEdit:
    """Judge what only the trunk's present values decide. Raises Problem."""
    sent = body.sent()
    profile: dict[str, Any] = {ours: sent[theirs] for theirs, ours in _PROFILE.items() if theirs in sent}
    edit: dict[str, Any] = {}
    if "sip_username" in sent:
        edit["username"] = body.sip_username
    if "sip_password" in sent:
        edit["password"] = body.sip_password.get_secret_value()
    if "sip_address" in sent:
        edit["domain"] = body.sip_address
    profile |= _addresses(sent, view)
    line = line_of(view)
    if sent.keys() & {"phone_number", "sip_trunk_type"}:
        line = _line(sent, view)
        is_number = _kind(sent, view) is LineType.NUMBER
        profile["extension"] = None if is_number else line
        if is_number:
            profile["country_code"] = country_of(line, sent.get("country_code", view.profile.country_code))
        numbers = (NewNumber(number=line, country_code=profile.get("country_code")),) if is_number else ()
        edit["numbers"] = numbers
    if "nickname" in sent:
        profile["nickname"] = body.nickname or None
    nickname = profile.get("nickname", view.profile.nickname)
    if sent.keys() & {"nickname", "phone_number"}:
        edit["name"] = nickname or line or view.trunk.name
    return TrunkEdit(profile=profile, **edit)


def _kind(sent: dict[str, Any], view: TrunkView) -> LineType:
    present = LineType.NUMBER if view.profile.extension is None else LineType.EXTENSION
    return LineType(sent.get("sip_trunk_type", present))


def _line(sent: dict[str, Any], view: TrunkView) -> str:
    text = sent.get("phone_number", line_of(view) or "")
    try:
        return judge_line(_kind(sent, view), text)
    except PydanticCustomError as fault:
        raise invalid_fields({"phone_number": [f"Phone number {fault.message()}."]}) from None


def _addresses(sent: dict[str, Any], view: TrunkView) -> dict[str, Any]:
    authorization = sent.get("inbound_authorization_type", view.profile.authorization)
    if authorization is InboundAuthorization.AUTH:
        return {"allowed_addresses": ()} if view.profile.allowed_addresses else {}
    if "allowed_inbound_ips" in sent:
        return {"allowed_addresses": tuple(sent["allowed_inbound_ips"])}
    return {}
