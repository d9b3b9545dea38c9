"""A file of trunks that is given twice at the same moment, on both engines: as an operator whose session broke does."""

import threading
from collections import Counter

from sqlalchemy import select

from tests.trunks.forms import Store
from trunkd.commands.trunk_rows import trunk_of
from trunks.catalog.trunk_import import Entry
from trunks.models.trunk import Trunk

TURNS, ROWS = 5, 4


def test_two_imports_of_one_file_enter_its_trunks_once(store: Store) -> None:
    imports, tenant = (
        store.installation.catalog.imports,
        store.installation.tenancy.tenants.named(store.tenant),
    )
    files = [
        [trunk_of({"name": f"T{turn}-{n}", "provider": "acme", "target": "a.example"}) for n in range(ROWS)]
        for turn in range(TURNS)
    ]
    both_begin = threading.Barrier(2)
    came: list[Entry] = []

    def enter() -> None:
        for rows in files:
            both_begin.wait(30)
            came.extend(imports.enter(tenant, rows, verify=True))

    threads = [threading.Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Counter(came) == {Entry.ENTERED: TURNS * ROWS, Entry.STANDS: TURNS * ROWS}
    with store.installation.database.read() as session:
        names = session.scalars(select(Trunk.name)).all()
    assert Counter(names) == {f"T{turn}-{n}": 1 for turn in range(TURNS) for n in range(ROWS)}
