"""The requests of health checks: written once, and anew when they would ask otherwise."""

from dataclasses import replace

import pytest

from sipcheck import Engine, EngineSettings, TransportName
from sipcheck.dns.route import Edge
from tests.sipcheck.conftest import LOOPBACK
from trunks.clock import utc_now
from trunks.health.check import CheckClaim
from trunks.ids import new_id
from trunks.rules.asking import Asker
from worker.checks import kept_questions
from worker.checks.kept_questions import KeptQuestions

EDGES = (Edge("127.0.0.1", "127.0.0.1", 5060, TransportName.UDP),)
ALICE = Asker(trunk_id=new_id(), username="alice", proven_here=True)


def claim_of(**given: object) -> CheckClaim:
    now = utc_now()
    values = {
        "destination_id": new_id(),
        "claim_id": new_id(),
        "cycle": 1,
        "claimed_at": now,
        "lease_until": now,
        "domain": "carrier.example",
        "port": None,
        "transport": TransportName.UDP,
        "outbound_proxy": "127.0.0.1:5060",
        "interval_seconds": 60.0,
        "counts": True,
        "asked": False,
        "options_ignored": False,
        "failures": 0,
        "held_failures": 0,
        "was_alive": True,
        "fell_lately": False,
        "in_full": False,
    }
    return CheckClaim(**{**values, **given})  # type: ignore[arg-type]


async def test_a_question_is_kept_for_who_asks_where_and_how() -> None:
    claim = claim_of()
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        kept = KeptQuestions(engine)
        assert kept.find(claim) is None
        first = kept.question(claim, claim.target(), EDGES)
        found = kept.find(replace(claim, cycle=2))
        assert first is not None
        assert found is not None
        assert (found.question, found.edges, found.is_fixed) == (first, EDGES, True)
        assert kept.find(replace(claim, asker=ALICE)) is None
        as_alice = kept.question(replace(claim, asker=ALICE), claim.target(), EDGES)
        assert as_alice not in (None, first)
        assert kept.question(claim, claim.target(), EDGES) is first
        moved = (replace(EDGES[0], address="127.0.0.2"),)
        assert kept.question(claim, claim.target(), moved) not in (None, first)
        kept.forget(claim)
        assert kept.find(claim) is None
        found = kept.find(replace(claim, asker=ALICE))
        assert found is not None
        assert found.question is as_alice


@pytest.mark.parametrize(
    "changed",
    [
        {"options_ignored": True},
        {"outbound_proxy": "127.0.0.1:5070"},
        {"port": 5080},
        {"domain": "b.example"},
    ],
)
async def test_a_destination_that_is_to_be_asked_otherwise_is_asked_by_another(
    changed: dict[str, object],
) -> None:
    claim = claim_of()
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        kept = KeptQuestions(engine)
        kept.question(claim, claim.target(), EDGES)
        assert kept.find(replace(claim, **changed)) is None  # type: ignore[arg-type]


async def test_edges_that_a_name_leads_to_are_looked_up_again() -> None:
    claim = claim_of(outbound_proxy=None)
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        kept = KeptQuestions(engine)
        kept.question(claim, claim.target(), EDGES)
        found = kept.find(claim)
        assert found is not None
        assert not found.is_fixed


async def test_old_ones_go_and_no_more_than_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_questions, "_MOST", 2)
    claims = [claim_of() for _ in range(4)]
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        kept = KeptQuestions(engine)
        for claim in claims[:3]:
            assert kept.question(claim, claim.target(), EDGES) is not None
        assert [kept.find(claim) is not None for claim in claims] == [True, True, False, False]
        monkeypatch.setattr(kept_questions, "_KEEP_SECONDS", -1.0)
        kept.forget(claims[0])
        kept.question(claims[2], claims[2].target(), EDGES)
        assert kept.find(claims[2]) is None  # old as soon as it was written
        assert kept.question(claims[3], claims[3].target(), EDGES) is not None
