"""`trunkd provision`: what would change on the voice infrastructure, and the word that lets it."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import typer

from trunkd.commands.opened_installation import opened_installation
from trunks.errors import InstallationFault, SettingsInvalid
from trunks.installation.installation import Installation
from trunks.installation.provisioner_choice import make_provisioner
from trunks.provisions.rehearsal import PlannedSide
from trunks.voice.provisioner import Provisioner, ProvisioningFailed
from trunks.voice.sides import ExistingSide

rehearsal_commands = typer.Typer()

_Environment = Annotated[str | None, typer.Option(help="Of this tenant alone.")]


class InfrastructureAway(InstallationFault):
    """The voice infrastructure could not be read."""


@rehearsal_commands.command()
def plan(
    environment: _Environment = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, a line for each side.")] = False,
) -> None:
    """Show each side that would be written otherwise than it stands: before, after, and why. Nothing is written."""
    with _provisioning() as installation:
        environment_id = _environment_id(installation, environment)
        existing = asyncio.run(_read(installation))
        count = 0
        for side in installation.provisions.rehearsal.plan(existing, environment_id):
            count += 1
            print(_line(side) if as_json else _text(side))
        if not as_json:
            print(f"{count} of {len(existing)} sides would be written.")


@rehearsal_commands.command()
def apply(environment: _Environment = None) -> None:
    """Let sides that a former version made be written as those of new trunks are; the workers do it."""
    with _provisioning() as installation:
        count = installation.provisions.rehearsal.apply(_environment_id(installation, environment))
        print(f"{count} trunks are queued; the workers write their sides.")


@rehearsal_commands.command()
def pause() -> None:
    """Hold back all writes but those that customers ask for: no drift is mended, no way of calls is changed."""
    with _provisioning() as installation:
        changed = installation.provisions.rehearsal.pause()
        print("Provisioning is paused." if changed else "Provisioning is paused already.")


@rehearsal_commands.command()
def resume() -> None:
    """Let all writes again: ways of calls that were held back are written now, and drift is mended by the next
    reconciliation.
    """
    with _provisioning() as installation:
        led = installation.provisions.rehearsal.resume()
        if led is None:
            print("Provisioning was not paused.")
        else:
            print(
                "Provisioning goes on." if not led else f"Provisioning goes on; {led} sides are written now."
            )


@contextmanager
def _provisioning() -> Iterator[Installation]:
    with opened_installation() as installation:
        if installation.provisions.overview.off:
            raise SettingsInvalid("TRUNKS_PROVISIONER: it is none; nothing is provisioned here.")
        yield installation


def _environment_id(installation: Installation, name: str | None) -> UUID | None:
    return None if name is None else installation.tenancy.tenants.named(name).environment_id


async def _read(installation: Installation) -> Sequence[ExistingSide]:
    provisioner = make_provisioner(installation.settings, mark=installation.provisions.reconciliation.mark)
    if provisioner is None:
        return []
    return await _read_from(provisioner)


async def _read_from(provisioner: Provisioner) -> Sequence[ExistingSide]:
    try:
        return await provisioner.read_all()
    except ProvisioningFailed as failure:
        raise InfrastructureAway(str(failure)) from failure
    finally:
        await provisioner.close()


def _line(side: PlannedSide) -> str:
    return json.dumps(
        {
            "trunk_id": str(side.trunk_id),
            "environment_id": str(side.environment_id),
            "side": side.side,
            "side_id": side.side_id,
            "changes": {name: [before, after] for name, before, after in side.fields},
            "reason": side.reason,
            "held": side.held,
        }
    )


def _text(side: PlannedSide) -> str:
    lines = [f"{side.side} {side.side_id or '(new)'} of trunk {side.trunk_id}: {side.reason}"]
    for name, before, after in side.fields:
        lines.append(f"    {name}: differs" if after is None else f"    {name}: {before} -> {after}")
    return "\n".join(lines)
