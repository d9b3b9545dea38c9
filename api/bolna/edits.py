"""From what a bolna client changes to the domain's edit, where present values decide about new ones."""

from collections.abc import Callable
from typing import Any

from pydantic_core import PydanticCustomError

from api.bolna.answers import auth_type_of
from api.bolna.bodies import (
    AuthType,
    Transport,
    UpdateTrunk,
    judge_addresses,
    judge_codecs,
    judge_encryption,
    profile_fields,
    to_gateways,
    to_interval,
)
from api.bolna.faults import FieldFault, invalid_fields
from trunks.catalog.new_trunk import NewGateway
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.catalog.views import TrunkView


def to_edit(body: UpdateTrunk, view: TrunkView, *, interval_floor_seconds: float) -> TrunkEdit:
    """Judge what only the trunk's present values decide, all of it at once. Raises Problem."""
    sent = body.sent()
    _judge(sent, view)
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


def _judge(sent: dict[str, Any], view: TrunkView) -> None:
    kind = sent.get("auth_type", auth_type_of(view))
    transport = sent.get("transport", Transport.of(view.trunk.gateways[0].transport))
    encryption = sent.get("media_encryption", view.profile.media_encryption)
    addresses = [each.ip_address for each in sent.get("ip_identifiers", ())] or list(
        view.profile.allowed_addresses
    )
    faults: list[FieldFault] = []
    _collect(faults, "media_encryption", lambda: judge_encryption(encryption, transport))
    codecs = sent.get("allow", view.profile.allow), sent.get("disallow", view.profile.disallow)
    if codecs != (view.profile.allow, view.profile.disallow):
        _collect(faults, "allow", lambda: judge_codecs(*codecs))
    if kind is AuthType.IP_BASED and sent.keys() & {"auth_type", "ip_identifiers"}:
        _collect(faults, "ip_identifiers", lambda: judge_addresses(addresses))
    if kind is AuthType.USERPASS:
        if "auth_username" not in sent and view.trunk.username is None:
            faults.append(FieldFault("auth_username", "required", "It is required for userpass."))
        if "auth_password" not in sent and view.trunk.sealed_password is None:
            faults.append(FieldFault("auth_password", "required", "It is required for userpass."))
    if faults:
        raise invalid_fields(faults)


def _collect(faults: list[FieldFault], field: str, judge: Callable[[], None]) -> None:
    try:
        judge()
    except PydanticCustomError as fault:
        faults.append(FieldFault(field, fault.type, f"{fault.message()}."))


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
