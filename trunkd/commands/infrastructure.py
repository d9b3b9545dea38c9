"""`trunkd infrastructure`: what the voice infrastructure does is measured by calls that it makes to us."""

import asyncio
import json
from collections.abc import Callable
from typing import Annotated

import typer

from sipcheck.target import HostPort
from trunkd.commands.opened_installation import opened_installation
from trunks.errors import InstallationFault, SettingsInvalid
from trunks.installation.measuring import Measured, Measuring, doors_of
from trunks.installation.setting_values import read_listening_place, read_reachable_place
from trunks.rules.infrastructure_facts import Answer, Fact
from trunks.voice.provisioner import ProvisioningFailed

infrastructure_commands = typer.Typer(
    help="What the voice infrastructure does, measured by calls that it makes to us.", no_args_is_help=True
)

NOT_REACHED = 1
_ROUTE_TOLD = {
    Answer.YES: "A Route is obeyed.",
    Answer.NO: "A Route is ignored: calls go to the trunk's address.",
    Answer.UNKNOWN: "A Route was not treated alike by all calls, as where its nodes differ.",
}


class CheckFailed(InstallationFault):
    """The voice infrastructure could not be asked."""


@infrastructure_commands.callback()
def infrastructure() -> None:
    """Keep `check` a word of its own, where it is the only command."""


@infrastructure_commands.command()
def check(
    listen: Annotated[
        str | None,
        typer.Option(
            help="ADDRESS:PORT here for calls; the port after it is used too. Else TRUNKS_INFRASTRUCTURE_LISTEN."
        ),
    ] = None,
    reach: Annotated[
        str | None,
        typer.Option(
            help="HOST:PORT where it is found from there. Else TRUNKS_INFRASTRUCTURE_REACH, or the same."
        ),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Let a Route that is not obeyed any more count as that.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Ask for five calls to two ports of ours; status 1 where none of them arrived."""
    with opened_installation() as installation:
        settings = installation.settings
        at = _read("--listen", listen, read_listening_place) or settings.infrastructure_listen
        found_at = _read("--reach", reach, read_reachable_place)
        if listen is None:
            found_at = found_at or settings.infrastructure_reach
        doors = doors_of(at, found_at)
        try:
            measured = Measuring(installation, asyncio.run).measure(doors, accept=accept)
        except ProvisioningFailed as failure:
            raise CheckFailed(str(failure)) from failure
    print(json.dumps(_exported(measured)) if as_json else _text(measured, doors.reach))
    if measured.found.measurement.reaches is Answer.NO:
        raise typer.Exit(NOT_REACHED)


def _read(option: str, text: str | None, read: Callable[[str], HostPort]) -> HostPort | None:
    try:
        return None if text is None else read(text)
    except ValueError as fault:
        raise SettingsInvalid(f"{option}: {fault}.") from None


def _exported(measured: Measured) -> dict[str, object]:
    found, facts = measured.found.measurement, measured.facts
    named = {"reaches": facts.reaches, "route": facts.route, "route_measured": facts.route_measured}
    return {
        "measured": {
            "reaches": found.reaches.value,
            "route": None if found.route is None else found.route.value,
            "addresses": sorted(found.addresses),
            "said": list(measured.found.said),
        },
        "known": {
            **{name: _fact(fact) for name, fact in named.items()},
            "addresses": {each: at.isoformat() for each, at in sorted(facts.addresses.items())},
        },
    }


def _fact(fact: Fact | None) -> dict[str, str] | None:
    return None if fact is None else {"answer": fact.answer.value, "at": fact.at.isoformat()}


def _text(measured: Measured, reach: HostPort) -> str:
    found, facts = measured.found.measurement, measured.facts
    said = "; ".join(measured.found.said)
    if found.reaches is Answer.NO:
        return (
            f"No call arrived at {reach}; the infrastructure said: {said}. Let UDP from it through to that port and "
            "the one after it, or name with --reach where it finds this machine. What was known of Routes stays."
        )
    lines = [
        "All calls arrived."
        if found.reaches is Answer.YES
        else f"Some calls arrived and others did not, as where its nodes differ; the infrastructure said: {said}."
    ]
    if found.route is not None:
        lines.append(_ROUTE_TOLD[found.route])
    if facts.route_measured is not None:
        lines.append("It was obeyed before, and nothing is changed: with --accept this counts.")
    lines.append(f"Calls come from at least {', '.join(sorted(facts.addresses))}.")
    return "\n".join(lines)
