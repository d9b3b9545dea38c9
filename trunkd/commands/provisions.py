"""`trunkd provision …`: what stands on the voice infrastructure with our mark, and the store cannot answer for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

import typer

from trunkd.commands.lines import row
from trunkd.commands.opened_installation import opened_installation
from trunkd.faults import FAULT
from trunks.errors import SettingsInvalid
from trunks.installation.installation import Installation
from trunks.installation.provisioner_choice import make_provisioner
from trunks.provisions.strays import Stray
from trunks.voice.provisioner import Provisioner
from trunks.voice.sides import InboundSide

Result = TypeVar("Result")

provision_commands = typer.Typer(
    help="What stands on the voice infrastructure and the store cannot answer for.", no_args_is_help=True
)


@provision_commands.command("list")
def list_strays() -> None:
    """List what only an operator can judge: id, side, trunk, environment, revision, and why it is listed."""
    with opened_installation() as installation:
        for stray in _found(installation, ()):
            side = "inbound" if isinstance(stray.side.content, InboundSide) else "outbound"
            owner = stray.owner
            print(
                row(
                    stray.side.id,
                    side,
                    owner.trunk_id,
                    owner.environment_id or "-",
                    owner.revision,
                    stray.finding.value,
                )
            )


@provision_commands.command()
def adopt(
    side_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="As provision list shows them; else all.")
    ] = None,
) -> None:
    """Link sides to their trunks again, which are then provisioned as this store has them."""
    with opened_installation() as installation:
        strays = _found(installation, side_ids or ())
        adopted = installation.provisions.strays.adopt(strays)
    left = [stray for stray in strays if stray.owner.trunk_id not in adopted]
    print(f"{len(strays) - len(left)} sides of {len(adopted)} trunks were adopted.")
    if left:
        names = ", ".join(stray.side.id for stray in left)
        print(f"Of no trunk here: {names}. Restore a newer backup, or trunkd provision purge ID.")
        raise typer.Exit(FAULT)


@provision_commands.command()
def purge(
    side_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="As provision list shows them.")],
) -> None:
    """Take sides away from the voice infrastructure: calls of their trunks end."""
    with opened_installation() as installation:
        strays = installation.provisions.strays
        chosen = _found(installation, side_ids)
        _with_provisioner(installation, lambda provisioner: strays.purge(provisioner, chosen))
    print(f"{len(chosen)} sides were taken away.")


def _found(installation: Installation, side_ids: Sequence[str]) -> list[Stray]:
    existing = _with_provisioner(installation, lambda provisioner: provisioner.read_all())
    return installation.provisions.strays.among(existing, side_ids)


def _with_provisioner(installation: Installation, ask: Callable[[Provisioner], Awaitable[Result]]) -> Result:
    provisioner = make_provisioner(installation.settings, mark=installation.provisions.reconciliation.mark)
    if provisioner is None:
        raise SettingsInvalid("TRUNKS_PROVISIONER is none: nothing is provisioned here.")

    async def asked() -> Result:
        try:
            return await ask(provisioner)
        finally:
            await provisioner.close()

    return asyncio.run(asked())
