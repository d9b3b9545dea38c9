"""The form that changes a trunk: only what was changed in it is sent on, so that what another changes meanwhile, and
what other dialects know of the trunk, stays.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from api.console.new_trunk_form import FIELDS, FormState, faults_by_field, typed
from api.talkover.trunks.trunk_bodies import UpdateTrunk
from sipcheck.target import TransportName
from trunks.catalog.views import TrunkView

_SECRET = "password"  # noqa: S105 - a field's name
# What a trunk can be without.
_CLEARED = frozenset({"port", "outbound_proxy", "auth_realm"})
_WAS = "was_"


def state_of_trunk(view: TrunkView, said: Mapping[str, str] | None = None) -> FormState:
    """Fill the form with a trunk as it is."""
    trunk, first = view.trunk, view.trunk.gateways[0]
    values = {
        "name": trunk.name,
        "provider_name": trunk.provider_name,
        "domain": first.host,
        "transport": (first.transport or TransportName.UDP).value,
        "port": "" if first.port is None else str(first.port),
        "username": trunk.username or "",
        "outbound_proxy": trunk.outbound_proxy or "",
        "auth_realm": trunk.auth_realm or "",
        "proof": trunk.proof.value,
    }
    return FormState(values=values, said=said or {}, form_id="")


def read_edit(fields: Mapping[str, str]) -> UpdateTrunk | Mapping[str, str]:
    """Read what was changed; or what is wrong, by field."""
    changed = {name: fields.get(name, "") for name in FIELDS if _is_changed(fields, name)}
    try:
        return UpdateTrunk.model_validate({name: _sent(name, value) for name, value in changed.items()})
    except ValidationError as error:
        return faults_by_field(error)


def state_as_sent(fields: Mapping[str, str], said: Mapping[str, str]) -> FormState:
    """Fill the form again with what was sent, but for the password; `was_…` stay what they were."""
    return FormState({name: fields.get(name, "") for name in FIELDS if name != _SECRET}, said, form_id="")


def before(fields: Mapping[str, str], state: FormState) -> Mapping[str, str]:
    """What the fields held when the form was made."""
    return {
        name: fields.get(f"{_WAS}{name}", state.values.get(name, "")) for name in FIELDS if name != _SECRET
    }


def _is_changed(fields: Mapping[str, str], name: str) -> bool:
    if name == _SECRET:
        return bool(fields.get(name))
    return name in fields and fields[name] != fields.get(f"{_WAS}{name}")


def _sent(name: str, value: str) -> Any:
    return None if not value and name in _CLEARED else typed(name, value)
