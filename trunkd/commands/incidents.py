"""`trunkd incident …` and `trunkd maintenance …`: what fell at carriers, and for how long nobody is told."""

import json
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from trunkd.commands.lines import row, words
from trunkd.commands.opened_installation import opened_installation
from trunks.errors import IncidentNotFound, MaintenanceNotFound, TrunkNotFound
from trunks.ids import read_id
from trunks.people.maintenance import LONGEST
from trunks.people.operator_incidents import OperatorView
from trunks.rules.spellings import domain_of

incident_commands = typer.Typer(help="What fell at carriers, over all tenants.", no_args_is_help=True)
maintenance_commands = typer.Typer(
    help="Messages about a trunk, a carrier or a tenant held for a time.", no_args_is_help=True
)

_LONGEST_MINUTES = int(LONGEST.total_seconds() // 60)
_AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")]


@incident_commands.command("list")
def list_incidents(
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are open.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many of the newest.")] = 20,
    as_json: _AsJson = False,
) -> None:
    """List incidents, newest first: id, opened, closed or open, trunks that are down of those that fell, what."""
    with opened_installation() as installation:
        for view in installation.people.operator_incidents.newest(limit=limit, only_open=only_open):
            print(json.dumps(_exported(view)) if as_json else _line(view))


@incident_commands.command("show")
def show_incident(
    incident_id: Annotated[str, typer.Argument(metavar="ID", help="As incident list shows it.")],
    as_json: _AsJson = False,
) -> None:
    """Show an incident: what was observed, what changed, and whose trunks fell."""
    with opened_installation() as installation:
        found = read_id(incident_id)
        if found is None:
            raise IncidentNotFound(
                f"{incident_id!r} is no id of an incident; trunkd incident list shows them."
            )
        view = installation.people.operator_incidents.get(found)
        print(json.dumps(_exported(view)) if as_json else _text(view))


@maintenance_commands.command("begin")
def begin_maintenance(
    minutes: Annotated[int, typer.Option(min=1, max=_LONGEST_MINUTES, help="How long it lasts.")] = 60,
    environment: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of all trunks of a tenant.")
    ] = None,
    carrier: Annotated[
        str | None, typer.Option(metavar="HOST", help="Of all trunks that lead to this host.")
    ] = None,
    trunk: Annotated[str | None, typer.Option(metavar="ID", help="Of one trunk.")] = None,
    note: Annotated[str, typer.Option(help="Why, for who reads the list.")] = "",
) -> None:
    """Hold messages for a time, and print the id; states are kept and shown meanwhile, and messages go afterwards."""
    if [environment, carrier, trunk].count(None) != 2:
        raise typer.BadParameter("give one of --environment, --carrier and --trunk")
    note = words(note, "--note")
    with opened_installation() as installation:
        begun = installation.people.maintenance.begin(
            timedelta(minutes=minutes),
            environment=environment,
            domain=None if carrier is None else domain_of(carrier),
            trunk_id=None if trunk is None else _trunk_id(trunk),
            note=note,
        )
    for each in begun:
        print(each)


@maintenance_commands.command("list")
def list_maintenance() -> None:
    """List what stands: id, until when, of what, note."""
    with opened_installation() as installation:
        for each in installation.people.maintenance.standing():
            print(row(each.id, _utc(each.until_at), each.of, each.note))


@maintenance_commands.command("end")
def end_maintenance(
    maintenance_id: Annotated[str, typer.Argument(metavar="ID", help="As maintenance list shows it.")],
) -> None:
    """End one before its time: what was held is sent."""
    with opened_installation() as installation:
        found = read_id(maintenance_id)
        if found is None:
            raise MaintenanceNotFound
        installation.people.maintenance.end(found)


def _trunk_id(text: str) -> UUID:
    found = read_id(text)
    if found is None:
        raise TrunkNotFound(f"{text!r} is no id of a trunk; give its UUID.")
    return found


def _line(view: OperatorView) -> str:
    incident = view.incident
    closed = "open" if incident.closed_at is None else _utc(incident.closed_at)
    opened, down = _utc(incident.opened_at), f"{view.down}/{view.trunks}"
    return row(incident.id, opened, closed, down, view.cause)


def _text(view: OperatorView) -> str:
    incident = view.incident
    closed = "it is open" if incident.closed_at is None else f"closed {_utc(incident.closed_at)}"
    changed = [change.sentence for change in view.changed] or ["Nothing was found that changed before."]
    tenants = [f"{each.name}: {each.trunks} trunks, {each.down} down" for each in view.tenants]
    return "\n".join([view.cause, f"Opened {_utc(incident.opened_at)}; {closed}.", *changed, *tenants])


def _exported(view: OperatorView) -> dict[str, Any]:
    incident = view.incident
    return {
        "id": str(incident.id),
        "opened_at": _utc(incident.opened_at),
        "closed_at": None if incident.closed_at is None else _utc(incident.closed_at),
        "kind": incident.kind.value,
        "reason": view.reason,
        "cause": view.cause,
        "changed": [change.kept() for change in view.changed],
        "carriers": [place.domain for place in view.places],
        "tenants": {each.name: {"trunks": each.trunks, "down": each.down} for each in view.tenants},
    }


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
