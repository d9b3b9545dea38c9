"""`trunkd trunks import`."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from sipcheck.cli.progress import progress_bar
from sipcheck.sweep.row_file import Record, read_records_of
from trunkd.commands.opened_installation import opened_installation
from trunkd.faults import FAULT, faults_in_one_line
from trunks.catalog.new_trunk import NewTrunk
from trunks.catalog.trunk_import import Entry, TrunkImport
from trunks.tenancy.tenants import Tenant

trunk_commands = typer.Typer(help="Trunks of tenants.", no_args_is_help=True)

# In one transaction: others wait for its end where the store has one writer.
_AT_ONCE = 20


@dataclass(slots=True)
class _Counts:
    entered: int = 0
    standing: int = 0
    unusable: int = 0


@trunk_commands.command("import")
def import_trunks(
    file: Annotated[str, typer.Argument(help="CSV with a header or JSON lines; - for standard input.")],
    environment: Annotated[str, typer.Option(help="The tenant whose trunks they are.")],
    verify: Annotated[bool, typer.Option("--verify", help="Queue a verification of each.")] = False,
) -> None:
    """Enter many trunks at once.

    Columns: name, provider, target, transport, port, username, auth_username, password, realm, outbound_proxy; the
    first three are needed. A row whose name, host and username exist already is skipped, so that the same file can be
    given again; one whose name and host are another account's is told. Exit status: 0 every row is a trunk now, 1 some
    row is not, 2 the file cannot be used.
    """
    # With it comes what the API reads bodies by, which no other command needs.
    from trunkd.commands.trunk_rows import COLUMNS, NEEDED_COLUMNS

    with faults_in_one_line():
        records = read_records_of(file, COLUMNS, needed=NEEDED_COLUMNS)
    with opened_installation() as installation:
        tenant = installation.tenancy.tenants.named(environment)
        counts = _enter(records, tenant, installation.catalog.imports, verify=verify)
    queued = ", each with a verification queued" if verify else ""
    print(f"{counts.entered} entered{queued}; {counts.standing} there already; {counts.unusable} not usable.")
    if counts.unusable:
        raise typer.Exit(FAULT)


def _enter(records: list[Record], tenant: Tenant, imports: TrunkImport, *, verify: bool) -> _Counts:
    counts = _Counts()
    with progress_bar("entering", len(records)) as advance:
        for some in _groups(records, counts, advance):
            results = imports.enter(tenant, [new for _, new in some], verify=verify)
            for (number, new), entry in zip(some, results, strict=True):
                advance()
                place = f"{new.name!r} at {new.gateways[0].host}"
                if entry is Entry.ENTERED:
                    counts.entered += 1
                elif entry is Entry.STANDS:
                    counts.standing += 1
                    _tell(f"row {number}: {place} is there already; skipped")
                else:
                    counts.unusable += 1
                    _tell(
                        f"row {number} cannot be used: {place} is there already with another username than "
                        f"{new.username!r}; give it a name of its own"
                    )
    return counts


def _groups(
    records: list[Record], counts: _Counts, advance: Callable[[], None]
) -> Iterator[list[tuple[int, NewTrunk]]]:
    """Give the usable rows with their numbers, some at a time; tell of each that is not."""
    from trunkd.commands.trunk_rows import RowUnusable, trunk_of

    some: list[tuple[int, NewTrunk]] = []
    for number, record in enumerate(records, 1):
        try:
            some.append((number, trunk_of(record)))
        except RowUnusable as fault:
            counts.unusable += 1
            advance()
            _tell(f"row {number} cannot be used: {fault}")
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
