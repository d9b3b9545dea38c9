"""`trunkd explain FILE`: which trunk an INVITE comes in by, over all tenants, and why not."""

import asyncio
import json
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from sipcheck.diagnosis.inbound.call import IncomingCall, InviteInvalid, read_invite
from sipcheck.diagnosis.inbound.explain import Explanation, explain
from sipcheck.diagnosis.inbound.match import MatchedBy
from sipcheck.diagnosis.inbound.numbers import other_form
from sipcheck.diagnosis.inbound.standing import InboundTrunk, Standing
from trunkd.commands.opened_installation import opened_installation
from trunkd.faults import FAULT
from trunks.errors import SettingsInvalid
from trunks.installation.installation import Installation
from trunks.installation.provisioner_choice import make_provisioner
from trunks.voice.sides import SideOwner

_STANDARD_INPUT = "-"
_BY = {
    MatchedBy.NUMBER: "by its number",
    MatchedBy.DEFAULT: "since it has no numbers, and no other has this one",
}


def explain_invite(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The INVITE as it came in; - for standard input.")
    ],
    source_ip: Annotated[str, typer.Option(metavar="IP", help="The address that it came from.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say which trunk takes an INVITE, by what stands on the voice infrastructure, or why each does not.

    Exit status: 0 a trunk takes it, 1 none does, 2 the file is no INVITE.
    """
    with opened_installation() as installation:
        call = read_invite(_read(file), source_ip)
        standing, owners = asyncio.run(_standing(installation, call))
        explained = explain(call, standing, _asked_about(call, standing))
        print(_as_json(explained, owners) if as_json else _as_text(explained, owners))
    if explained.matched is None:
        raise typer.Exit(FAULT)


def _read(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == _STANDARD_INPUT else Path(file).read_bytes()
    except OSError as error:
        raise InviteInvalid(f"{file}: it cannot be read: {error.strerror}.") from error
    return data.decode("utf-8", "surrogateescape")


async def _standing(
    installation: Installation, call: IncomingCall
) -> tuple[Standing, Mapping[str, SideOwner | None]]:
    """Read everything for calls that come in, and whose it is. Raises SettingsInvalid, ProvisioningFailed."""
    mark = installation.provisions.reconciliation.known_mark()
    provisioner = make_provisioner(installation.settings, mark=lambda: mark or "")
    if provisioner is None:
        raise SettingsInvalid("TRUNKS_PROVISIONER is none: nothing is provisioned here.")
    try:
        standing = await provisioner.standing(ids=None, called=call.called)
        return standing, {side.id: side.owner for side in await provisioner.read_all()}
    finally:
        await provisioner.close()


def _asked_about(call: IncomingCall, standing: Standing) -> Collection[str]:
    """Choose those that the call may be meant for; all others have nothing to do with it."""
    return {trunk.id for trunk in standing.trunks if _concerns(trunk, call)}


def _concerns(trunk: InboundTrunk, call: IncomingCall) -> bool:
    users = [user for user in (call.called, call.request_uri_user) if user]
    return not trunk.numbers or any(
        trunk.has(user) or other_form(user, trunk.numbers) is not None for user in users
    )


def _as_text(explained: Explanation, owners: Mapping[str, SideOwner | None]) -> str:
    lines = []
    if explained.matched is not None and explained.by is not None:
        lines.append(f"Taken by {_named(explained.matched, owners)}, {_BY[explained.by]}.")
    elif explained.by is None:
        lines.append("No trunk takes it.")
    for each in explained.findings:
        whose = "" if each.trunk_id is None else f"{_named(each.trunk_id, owners)}: "
        lines.append(" ".join(filter(None, (f"{whose}{each.reason}:", each.sentence, each.change))))
    return "\n".join(lines)


def _named(side_id: str, owners: Mapping[str, SideOwner | None]) -> str:
    owner = owners.get(side_id)
    return f"{side_id} (not made here)" if owner is None else f"{side_id} (trunk {owner.trunk_id})"


def _as_json(explained: Explanation, owners: Mapping[str, SideOwner | None]) -> str:
    return json.dumps(
        {
            "matched": _side(explained.matched, owners),
            "by": explained.by,
            "reasons": [
                {
                    **_side(each.trunk_id, owners),
                    "reason": each.reason,
                    "sentence": each.sentence,
                    "change": each.change,
                }
                for each in explained.findings
            ],
        }
    )


def _side(side_id: str | None, owners: Mapping[str, SideOwner | None]) -> dict[str, Any]:
    owner = None if side_id is None else owners.get(side_id)
    return {
        "side_id": side_id,
        "trunk_id": None if owner is None else str(owner.trunk_id),
        "environment_id": None
        if owner is None or owner.environment_id is None
        else str(owner.environment_id),
    }
