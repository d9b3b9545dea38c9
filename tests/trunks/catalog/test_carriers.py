"""Where a tenant's trunks lead, each place with how many of his own lead there, as far as is counted."""

import pytest

from tests.trunks.forms import Store
from trunks.catalog import carriers


def test_each_place_counts_ones_own_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carriers, "MOST_COUNTED", 2)
    for number in range(3):
        store.make_trunk(domain="a.example", name=f"trunk {number}")
    store.make_trunk(domain="b.example")
    Store(store.installation, store.clock, tenant="others").make_trunk(domain="b.example")
    found = store.installation.catalog.carriers.page(store.caller, limit=5)
    assert [(each.domain, each.trunks) for each in found] == [("a.example", 2), ("b.example", 1)]
