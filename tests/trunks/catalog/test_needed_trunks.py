"""Which trunks need a person: the store's spelling is the rule's, and each question goes along its index."""

from itertools import product
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from tests.trunks.forms import Store
from trunks.ids import new_id
from trunks.models.trunk import Trunk
from trunks.repositories.needed_trunks import SPELLED, NeededTrunks
from trunks.rules.attention import Attention, attention_of
from trunks.rules.trunk_state import HealthStatus

SWITCHES = ("is_verified", "ever_verified", "health_down", "degraded", "is_draft")


def test_the_store_sorts_as_the_rule_says(store: Store) -> None:
    like = store.make_trunk()
    wanted: dict[str, Attention] = {}
    with store.installation.database.write() as session:
        columns = {each.name: getattr(like, each.name) for each in Trunk.__table__.columns}
        for values in product((False, True), repeat=len(SWITCHES)):
            given = dict(zip(SWITCHES, values, strict=True))
            name = " ".join(each for each, on in given.items() if on) or "none"
            is_draft, degraded = given.pop("is_draft"), given.pop("degraded")
            status = HealthStatus.DEGRADED if degraded else HealthStatus.UNKNOWN
            row = {"id": new_id(), "name": name, "health_status": status, "is_draft": is_draft, **given}
            session.execute(insert(Trunk).values(columns | row))
            if not is_draft:
                wanted[name] = attention_of(degraded=degraded, **given)
        session.execute(text("DELETE FROM trunks WHERE name = 'Primary'"))
    with store.installation.database.read() as session:
        needed = NeededTrunks(session)
        pages = {each: _found(needed, store.caller.environment_id, each) for each in (None, *Attention)}
    assert pages.pop(None) == wanted
    assert {name: each for each, names in pages.items() for name in names} == wanted


def _found(needed: NeededTrunks, environment_id: UUID, of: Attention | None) -> dict[str, Attention]:
    found = needed.page(environment_id, of=of, search=None, limit=100, after=None)
    assert [each for each, _ in found] == sorted((each for each, _ in found), key=list(Attention).index)
    return {trunk.name: each for each, trunk in found}


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("of", Attention)
def test_each_question_goes_along_one_index(store: Store, of: Attention) -> None:
    query = (
        f"SELECT * FROM trunks WHERE environment_id = :of AND {SPELLED[of].text} ORDER BY id DESC LIMIT 50"  # noqa: S608
    )
    with store.installation.database.read() as session:
        of_it = {"of": store.caller.environment_id.hex}
        ((*_, line),) = session.execute(text(f"EXPLAIN QUERY PLAN {query}"), of_it)
    assert f"USING INDEX ix_trunks_{of.replace('-', '_')} (environment_id=?)" in line
