"""What every worker asks the store again and again costs what there is to do, and not what there is."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from tests.trunks.forms import Store
from trunks.installation.settings import Settings
from trunks.models.base import Base
from trunks.voice.provisioner import ProvisionerName

Asked = dict[str, Any]

_INDEXES_OF_FEW = {
    index.name
    for table in Base.metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
}


@pytest.fixture
def store(make_store: Callable[[Settings], Store], store_settings: Settings) -> Store:
    return make_store(store_settings.model_copy(update={"provisioner": ProvisionerName.LIVEKIT}))


@contextmanager
def recorded(store: Store) -> Iterator[Asked]:
    """Collect the statements that are sent meanwhile, with their parameters."""
    asked: Asked = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
            asked.setdefault(statement, parameters[0] if isinstance(parameters, list) else parameters)

    engine = store.installation.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def turn(store: Store) -> None:
    """Do what a worker does each few seconds."""
    installation = store.installation
    installation.runs.recovery.tend()
    installation.catalog.unsaved.remove_left_behind()
    installation.runs.proofs.tend()
    installation.runs.claims.claim(limit=10)
    installation.runs.call_claims.claim(limit=10)
    installation.runs.call_claims.claim_lost(limit=10)
    installation.health.claims.claim(limit=10)
    installation.provisions.claims.tend()
    installation.people.flip_follower.turn()
    installation.people.incident_closing.turn()
    installation.people.certificate_notices.turn()
    installation.people.deliveries.claim(limit=10)
    installation.people.operator_notices.claim(limit=10)


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_no_question_of_a_workers_turn_looks_through_a_whole_table(store: Store) -> None:
    store.make_trunk()
    with recorded(store) as asked:
        turn(store)
    file = store.installation.database.file
    assert file is not None
    with sqlite3.connect(file) as connection:
        plans = {
            statement: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for statement, parameters in asked.items()
        }
    whole = {statement: plan for statement, plan in plans.items() if any(map(_looks_through, plan))}
    assert whole == {}


def _looks_through(step: str) -> bool:
    """Whether a step of a plan goes through all there is: not where an index holds the few that wait."""
    if not step.startswith("SCAN ") or step == "SCAN CONSTANT ROW":
        return False
    return not any(step.endswith(f"INDEX {name}") for name in _INDEXES_OF_FEW)


@pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)
def test_the_trunks_to_begin_with_are_found_by_their_index(store: Store) -> None:
    with recorded(store) as asked:
        store.installation.provisions.claims.tend()
    ((statement, parameters),) = [each for each in asked.items() if "provision_begun" in each[0]]
    with store.installation.database.engine.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = off")
        plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars().all()
    assert any("ix_trunks_to_provision" in line for line in plan), plan
