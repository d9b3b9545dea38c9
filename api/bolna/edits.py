"""From what a bolna client changes to the domain's edit, where present values decide about new ones."""

from collections.abc import Callable
from typing import Any

from api.bolna.answers import auth_type_of, show_trunk
from api.bolna.bodies import (
    ONLY_FOR_IP_BASED,
    ONLY_FOR_USERPASS,
    SDES_WITHOUT_TLS,
    AuthType,
    Transport,
    UpdateTrunk,
    new_gateways,
    profile_fields,
    to_interval,
)
from api.bolna.faults import FieldFault, invalid_fields, refuse_hosts
from sipcheck.target import parse_host_port
from trunks.catalog.new_trunk import NewGateway
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.catalog.views import TrunkView
from trunks.rules.profile import InboundAuthorization, MediaEncryption

# Of what one trunk alone may have: its name, and the parts of its line.
OF_ONE_TRUNK = frozenset({"name", "auth_type", "auth_username", "gateways"})

_SAME = (
    ("name", "name"),
    ("provider", "provider_name"),
    ("proof", "proof"),
    ("is_active", "wanted"),
)


def to_edit(
    body: UpdateTrunk,
    view: TrunkView,
    *,
    interval_seconds: float,
    interval_floor_seconds: float,
    host_fault: Callable[[str], str | None],
) -> TrunkEdit:
    """Say what changes; what is sent as it is shown does not, and what results is the domain's to judge.

    Raises RequestValidationError, Problem.
    """
    changed = body.changes(show_trunk(view, interval_seconds=interval_seconds))
    if body.is_all_that_was_sent("is_active"):
        changed["is_active"] = body.is_active
    if _is_for_all_gateways(body, changed, view):
        changed["transport"] = body.transport
    edit: dict[str, Any] = {"name_is_unique": "name" in changed}
    for theirs, ours in _SAME:
        if theirs in changed:
            edit[ours] = changed[theirs]
    kind = changed.get("auth_type", auth_type_of(view))
    edit |= _credentials(changed, kind)
    if changed.keys() & {"transport", "gateways"}:
        edit["gateways"] = _gateways(changed, view)
        # One that the trunk has already stops no other change.
        refuse_hosts(
            {each.host for each in edit["gateways"]} - {each.host for each in view.trunk.gateways}, host_fault
        )
    elif changed.get("media_encryption") is MediaEncryption.SDES:
        _refuse_half_tls(view)
    if "qualify_frequency" in changed:
        edit["health_interval_seconds"] = to_interval(changed["qualify_frequency"], interval_floor_seconds)
    if "phone_numbers" in changed:
        _refuse_blind_removal(changed["phone_numbers"], view)
        edit["numbers"] = tuple(number.to_number() for number in changed["phone_numbers"])
    profile = profile_fields(changed)
    if kind is AuthType.IP_BASED and "ip_identifiers" in changed:
        profile["authorization"] = InboundAuthorization.IP
    return TrunkEdit(profile=profile | _addresses(profile, view), **edit)


def _addresses(written: dict[str, Any], view: TrunkView) -> dict[str, Any]:
    """Change who may call in by address: nobody as before where calls are let in otherwise from now on."""
    authorization = written.get("authorization", view.profile.authorization)
    given = written.get("allowed_addresses", ())
    if authorization is InboundAuthorization.AUTH and given:
        message = f"{ONLY_FOR_IP_BASED.format(address=given[0])}."
        raise invalid_fields([FieldFault("ip_identifiers", "surplus", message)])
    turned = authorization is not view.profile.authorization
    return {"allowed_addresses": given} if turned else {}


def _is_for_all_gateways(body: UpdateTrunk, changed: dict[str, Any], view: TrunkView) -> bool:
    """Whether a transport that is sent is a change though it is as shown: the first gateway's is, and not all have it.

    Beside the gateways it is what a GET shows, sent back, unless media encryption is about to rely on it.
    """
    if view.has_one_transport or "transport" not in body.sent():
        return False
    return "gateways" not in body.sent() or "media_encryption" in changed


def _refuse_half_tls(view: TrunkView) -> None:
    """Say which gateways have another transport than the one that is shown. Raises Problem."""
    first, *others = [(each.host, Transport.of(each.transport)) for each in view.trunk.gateways]
    if first[1] is not Transport.TLS:
        return
    odd = [f"{host} has {transport}" for host, transport in others if transport is not Transport.TLS]
    if odd:
        message = (
            f"sdes needs {Transport.TLS} at all gateways, and {', '.join(odd)}; "
            f"send transport {Transport.TLS} with it."
        )
        raise invalid_fields([FieldFault("media_encryption", SDES_WITHOUT_TLS, message)])


def _credentials(changed: dict[str, Any], kind: AuthType) -> dict[str, Any]:
    given = [name for name in ("auth_username", "auth_password") if name in changed]
    if kind is AuthType.IP_BASED:
        if given:
            raise invalid_fields([FieldFault(name, "surplus", f"{ONLY_FOR_USERPASS}.") for name in given])
        return {"username": None, "password": None} if "auth_type" in changed else {}
    edit: dict[str, Any] = {}
    if "auth_username" in changed:
        edit["username"] = changed["auth_username"]
    if "auth_password" in changed:
        edit["password"] = changed["auth_password"].get_secret_value()
    return edit


def _gateways(changed: dict[str, Any], view: TrunkView) -> tuple[NewGateway, ...]:
    present = view.trunk.gateways
    transport = changed["transport"].name_here if "transport" in changed else present[0].transport
    if "gateways" in changed:
        # A port that was never given is shown as its transport's own: sent back, it is still none.
        never = {
            (parse_host_port(each.host).host, Transport.of(each.transport).name_here.default_port)
            for each in present
            if each.port is None
        }
        return new_gateways(changed["gateways"], transport, without_port=never)
    return tuple(
        NewGateway(host=each.host, port=each.port, transport=transport, priority=each.priority)
        for each in present
    )


def _refuse_blind_removal(numbers: list[Any], view: TrunkView) -> None:
    """Refuse a list that would remove numbers which were not even shown. Raises Problem."""
    if numbers and len(numbers) < view.number_count and len(view.numbers) < view.number_count:
        message = (
            f"The trunk has {view.number_count} numbers and shows {len(view.numbers)} of them; this list is shorter, "
            "and would remove some that it does not show. Send all that are to stay, or remove single ones by "
            "DELETE /sip-trunks/trunks/{trunk_id}/numbers/{id}."
        )
        raise invalid_fields([FieldFault("phone_numbers", "blind_removal", message)])
