"""From what a talkover client changes to the domain's edit; what is sent as it is shown is no change."""

from typing import Any

from api.talkover.trunks.trunk_answers import show_details
from api.talkover.trunks.trunk_bodies import UpdateTrunk
from sipcheck.target import parse_host_port
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.catalog.views import TrunkView

# Of what one trunk alone may have: the parts of its line.
OF_ONE_TRUNK = frozenset({"domain", "username"})


def to_edit(body: UpdateTrunk, view: TrunkView) -> TrunkEdit:
    """Say what changes. Raises RequestValidationError."""
    edit: dict[str, Any] = body.changes(show_details(view))
    if _is_for_all_gateways(body, view):
        edit["transport"] = body.transport
    if "password" in edit:
        edit["password"] = body.password.get_secret_value()
    if edit.get("outbound_proxy") is not None:
        edit["outbound_proxy"] = parse_host_port(edit["outbound_proxy"])
    if body.is_all_that_was_sent("is_active"):
        edit["is_active"] = body.is_active
    if "is_active" in edit:
        edit["wanted"] = edit.pop("is_active")
    profile = {"caller_identity": edit.pop("caller_identity")} if "caller_identity" in edit else {}
    return TrunkEdit(profile=profile, **edit)


def _is_for_all_gateways(body: UpdateTrunk, view: TrunkView) -> bool:
    """Whether a transport that is sent is a change though it is as shown: the first gateway's is, and not all have it.

    Beside the domain it is what a GET shows, sent back.
    """
    return not view.has_one_transport and "transport" in body.sent() and "domain" not in body.sent()
