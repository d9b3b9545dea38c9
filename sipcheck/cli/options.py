"""Options that several commands share: one meaning, one wording."""

from pathlib import Path
from typing import Annotated

import typer

Nameservers = Annotated[
    list[str] | None,
    typer.Option(
        "--nameserver", metavar="IP[:PORT]", help="Repeatable; ask these.", show_default="the system's"
    ),
]
CaFile = Annotated[
    Path | None, typer.Option(metavar="PEM", help="Trust these roots too, beside the system's.")
]
TlsStrict = Annotated[bool, typer.Option("--tls-strict", help="RFC 5922 to the letter: no wildcard names.")]
AllowNetworks = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-network",
        metavar="CIDR",
        help="Repeatable; permit addresses the guard refuses (a lab, loopback).",
    ),
]
AllowPorts = Annotated[
    list[str] | None,
    typer.Option("--allow-port", metavar="N", help="Repeatable; permit a port the guard refuses."),
]
SourceAddress = Annotated[
    str | None,
    typer.Option(
        metavar="IP", help="Leave from this address, as the calls do.", show_default="the system's choice"
    ),
]
