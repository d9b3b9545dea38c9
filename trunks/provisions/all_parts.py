"""All provisionings of an infrastructure, a page in a transaction each: what reads them may take its time."""

from collections.abc import Iterator

from trunks.repositories.provisions import ProvisionParts, Provisions
from trunks.store.database import Database
from trunks.voice.provisioner import ProvisionerName

_ROWS_PER_PAGE = 200


def all_parts(database: Database, provisioner: ProvisionerName) -> Iterator[ProvisionParts]:
    after = None
    while True:
        with database.read() as session:
            provisions = Provisions(session)
            found = provisions.parts(provisions.page(provisioner, after=after, limit=_ROWS_PER_PAGE))
        if not found:
            return
        yield from found
        after = found[-1].provision.id
