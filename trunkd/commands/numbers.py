"""`trunkd number …`: what an operator does where two tenants want one number."""

from typing import Annotated
from uuid import UUID

import typer

from trunkd.commands.opened_installation import opened_installation
from trunks.errors import TrunkNotFound
from trunks.ids import read_id

number_commands = typer.Typer(help="Phone numbers over all tenants.", no_args_is_help=True)


@number_commands.command()
def release(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In whatever spelling.")],
    to: Annotated[
        str | None, typer.Option(metavar="TRUNK", help="The trunk, by its UUID, that has it from now on.")
    ] = None,
) -> None:
    """Take a number off the trunk that has it, and give it to another; the workers change the holder's sides first."""
    with opened_installation() as installation:
        released = installation.catalog.released_numbers.release(number, to=_trunk_id(to))
    print(f"Trunk {released.holder_id} of environment {released.environment_id} has it no more.")
    if to is not None:
        print(f"Trunk {to} has it now.")


def _trunk_id(text: str | None) -> UUID | None:
    if text is None:
        return None
    found = read_id(text)
    if found is None:
        raise TrunkNotFound(f"{text!r} is no id of a trunk; give its UUID.")
    return found
