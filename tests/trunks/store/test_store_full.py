"""A disk without room, as PostgreSQL tells it; tests/api/test_store_full.py has SQLite's."""

import pytest
from sqlalchemy import text

from trunks.errors import StoreFull, StoreUnavailable
from trunks.store.database import Database


@pytest.mark.parametrize(("code", "error"), [("53100", StoreFull), ("57P03", StoreUnavailable)])
def test_a_full_disk_is_told_apart(postgres_url: str, code: str, error: type[StoreUnavailable]) -> None:
    database = Database(postgres_url)
    with pytest.raises(StoreUnavailable) as raised, database.write() as session:
        session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$"))
    assert type(raised.value) is error
    database.close()
