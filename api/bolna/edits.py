"""From what a bolna client changes to the domain's edit, where present values decide about new ones."""

from typing import Any

from api.bolna.answers import auth_type_of
from api.bolna.bodies import (
    AuthType,
    Transport,
    UpdateTrunk,
    profile_fields,
    to_gateways,
    to_interval,
)
from trunks.catalog.new_trunk import NewGateway
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.catalog.views import TrunkView


def to_edit(body: UpdateTrunk, view: TrunkView, *, interval_floor_seconds: float) -> TrunkEdit:
    """Say what changes; whether the trunk that results may be so is the domain's to judge."""
    sent = body.sent()
    edit: dict[str, Any] = {}
    for theirs, ours in (("name", "name"), ("provider", "provider_name"), ("is_active", "wanted")):
        if theirs in sent:
            edit[ours] = sent[theirs]
    edit |= _credentials(sent, view)
    if "transport" in sent or "gateways" in sent:
        edit["gateways"] = _gateways(sent, view)
    if "qualify_frequency" in sent:
        edit["health_interval_seconds"] = to_interval(sent["qualify_frequency"], interval_floor_seconds)
    if "phone_numbers" in sent:
        edit["numbers"] = tuple(number.to_number() for number in sent["phone_numbers"])
    return TrunkEdit(profile=profile_fields(sent), **edit)


def _credentials(sent: dict[str, Any], view: TrunkView) -> dict[str, Any]:
    if sent.get("auth_type", auth_type_of(view)) is AuthType.IP_BASED:
        return {"username": None, "password": None} if "auth_type" in sent else {}
    edit: dict[str, Any] = {}
    if "auth_username" in sent:
        edit["username"] = sent["auth_username"]
    if "auth_password" in sent:
        edit["password"] = sent["auth_password"].get_secret_value()
    return edit


def _gateways(sent: dict[str, Any], view: TrunkView) -> tuple[NewGateway, ...]:
    transport = sent.get("transport", Transport.of(view.trunk.gateways[0].transport))
    if "gateways" in sent:
        return to_gateways(sent["gateways"], transport)
    return tuple(
        NewGateway(host=each.host, port=each.port, transport=transport.name_here, priority=each.priority)
        for each in view.trunk.gateways
    )
