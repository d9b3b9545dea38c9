"""The operator's names in TRUNKS_KNOCKS: their limits hold where the names lead, and nowhere else."""

from sipcheck.engine import Engine
from sipcheck.settings import EngineSettings
from tests.sipcheck.conftest import LOOPBACK
from trunks.rules.knock_limits import SHIPPED, KnockLimits, KnockRules
from trunks.runs.knock_book import KnockBook
from worker.checks.knock_names import KnockNames

WIDE = KnockLimits(60, 300, 800)


async def test_a_name_is_followed_and_another_that_leads_nowhere_stops_none() -> None:
    book = KnockBook(KnockRules(SHIPPED, {"10.0.0.1": None, "127.0.0.9:5080": WIDE}))
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        await KnockNames(book).look(engine)
    assert book.limits("127.0.0.9") == WIDE
    assert book.limits("127.0.0.1") == SHIPPED
