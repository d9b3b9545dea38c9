"""`trunkd allow-list`: the addresses for the operator's firewall."""

from enum import StrEnum
from typing import Annotated

import typer

from trunkd.commands.opened_installation import opened_installation
from trunks.errors import Refused
from trunks.repositories.callers import Callers
from trunks.rules.firewall_list import FirewallList


class ListFormat(StrEnum):
    NFTABLES = "nftables"
    PLAIN = "plain"


class PasswordTrunksCutOff(Refused):
    """The list would cut off calls that come by user and password from anywhere."""


def print_allow_list(
    list_format: Annotated[
        ListFormat, typer.Option("--format", help="A set for nft -f, or a network a line.")
    ] = ListFormat.NFTABLES,
    despite_password_trunks: Annotated[
        bool,
        typer.Option(
            "--despite-password-trunks", help="Print it although some trunks have a password and no list."
        ),
    ] = False,
) -> None:
    """Print who may call in and whom calls go out to, over all tenants, for a firewall before the SIP service.

    It keeps strangers out, not other customers: each may still call in from any of these addresses.
    """
    with opened_installation() as installation, installation.database.read() as session:
        callers = Callers(session)
        by_password = callers.count_by_password()
        if by_password and not despite_password_trunks:
            raise PasswordTrunksCutOff(
                f"{by_password} trunks have a password and no allow-list: a firewall with this list would drop their "
                "calls, which may come from anywhere. --despite-password-trunks prints it all the same."
            )
        found = FirewallList.of(callers.allowed() | callers.edges())
        print(found.nftables() if list_format is ListFormat.NFTABLES else found.plain(), end="")
