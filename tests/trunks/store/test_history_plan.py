"""History is read by the destination, whatever is kept of others: of 100,000 there are 72 million hours."""

from datetime import timedelta

import pytest

from benchmarks.service.rollups import seed_rollups
from tests.trunks.forms import Store
from tests.trunks.store.test_periodic_questions import recorded
from trunks.rules.health_history import HistoryStep, beginning_of


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_no_index_of_moments_is_read(store: Store) -> None:
    trunks = [store.make_trunk(domain=f"{number}.example") for number in range(8)]
    until = beginning_of(HistoryStep.DAY, store.clock.now)
    seed_rollups(store.installation, until, by_the_hour=[each.id for each in trunks])
    history = store.installation.catalog.health_history
    with recorded(store) as asked:
        history.of(store.caller, trunks[4].id, HistoryStep.DAY, since=until - timedelta(days=30), until=until)
    questions = {each: given for each, given in asked.items() if "_rollups" in each}
    assert len(questions) == 2
    with store.installation.database.engine.connect() as connection:
        for question, given in questions.items():
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}", given).all()
            assert "(destination_id=?)" in plan[0][3], plan
