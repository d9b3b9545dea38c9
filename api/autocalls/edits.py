"""From what an autocalls client changes to the domain's edit, where one field decides about another."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from pydantic_core import PydanticCustomError

from api.autocalls.answers import line_of, nickname_of, show_details
from api.autocalls.bodies import ONLY_FOR_IP, LineType, UpdateTrunk, country_of, judge_line
from api.autocalls.faults import invalid_fields, need_egress, refuse_host
from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.trunk_edit import NewLine, TrunkEdit
from trunks.catalog.views import TrunkView
from trunks.rules.profile import InboundAuthorization

# Of what one trunk alone may have: the parts of its line.
OF_ONE_TRUNK = frozenset({"sip_trunk_type", "phone_number", "sip_username", "sip_address"})

# What the infrastructure hears nothing of.
NOT_OF_THE_SIDES = frozenset({"nickname", "proof"})

# What a body calls it, and what the profile does.
_PROFILE = {
    "sip_calling_format": "calling_format",
    "caller_identity": "caller_identity",
    "inbound_authorization_type": "authorization",
    "country_code": "country_code",
    "outbound_proxy": "fixed_egress",
}


def to_edit(
    body: UpdateTrunk, view: TrunkView, *, has_egress: bool, host_fault: Callable[[str], str | None]
) -> TrunkEdit:
    """Say what changes; what is sent as it is shown does not. Raises RequestValidationError, Problem."""
    changed = body.changes(show_details(view))
    need_egress(changed.get("outbound_proxy"), has_egress=has_egress)
    refuse_host(changed.get("sip_address"), host_fault)
    profile: dict[str, Any] = {
        ours: changed[theirs] for theirs, ours in _PROFILE.items() if theirs in changed
    }
    profile |= _addresses(changed, view)
    edit: dict[str, Any] = {}
    if "sip_username" in changed:
        edit["username"] = changed["sip_username"]
    if "sip_password" in changed:
        edit["password"] = changed["sip_password"].get_secret_value()
    if "sip_address" in changed:
        edit["domain"] = changed["sip_address"]
    if "proof" in changed:
        edit["proof"] = changed["proof"]
    shown = line = line_of(view)
    if _is_another_line(changed, view):
        line = _line(changed, view)
        country = changed.get("country_code", view.profile.country_code)
        if _kind(changed, view) is LineType.NUMBER:
            profile |= {"extension": None, "country_code": country_of(line, country)}
            edit["line"] = NewLine(
                _number_shown(view), NewNumber(number=line, country_code=profile["country_code"])
            )
        else:
            profile["extension"] = line
            edit["line"] = NewLine(_number_shown(view), None)
    if "nickname" in changed:
        profile["nickname"] = changed["nickname"] or None
        edit["name"] = profile["nickname"] or line or view.trunk.name
    elif line not in (None, shown) and nickname_of(view) is None:
        edit["name"] = line
    return TrunkEdit(profile=profile, **edit)


def _kind_now(view: TrunkView) -> LineType:
    return LineType.NUMBER if view.profile.extension is None else LineType.EXTENSION


def _kind(changed: dict[str, Any], view: TrunkView) -> LineType:
    return LineType(changed.get("sip_trunk_type", _kind_now(view)))


def _is_another_line(changed: dict[str, Any], view: TrunkView) -> bool:
    return "phone_number" in changed or _kind(changed, view) is not _kind_now(view)


def _number_shown(view: TrunkView) -> UUID | None:
    """The number in whose place the line stands, where it is one."""
    return view.numbers[0].id if view.profile.extension is None and view.numbers else None


def _line(changed: dict[str, Any], view: TrunkView) -> str:
    text: str = changed.get("phone_number", line_of(view) or "")
    try:
        return judge_line(_kind(changed, view), text)
    except PydanticCustomError as fault:
        raise invalid_fields({"phone_number": [f"Phone number {fault.message()}."]}) from None


def _addresses(changed: dict[str, Any], view: TrunkView) -> dict[str, Any]:
    """Change who may call in by address: nobody as before where calls are let in otherwise from now on."""
    authorization = changed.get("inbound_authorization_type", view.profile.authorization)
    given = tuple(changed.get("allowed_inbound_ips") or ())
    if authorization is InboundAuthorization.AUTH and given:
        raise invalid_fields({"allowed_inbound_ips": [f"Allowed inbound IPs {ONLY_FOR_IP}."]})
    is_written = changed.keys() & {"allowed_inbound_ips", "inbound_authorization_type"}
    return {"allowed_addresses": given} if is_written else {}
