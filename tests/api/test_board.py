"""The service's board: a real Prometheus scrapes the API, and every query of the board finds something."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from api.operation import readiness, store_metrics
from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.api.client import ApiUnderTest
from tests.api.http_thread import HttpThread
from tests.peers.prometheus_server import PrometheusServer
from tests.trunks.forms import LIVEKIT_AWAY, Store, make_report
from trunks.installation.settings import Settings
from trunks.models.edge_budget import EdgeBudget
from trunks.repositories.provisions import Infrastructures
from trunks.voice.provisioner import ProvisionerName

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "deploy" / "grafana" / "trunkd.json"
SETTLED_SECONDS = 11
REJECTED = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)

pytestmark = [
    pytest.mark.peers,
    pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True),
]


def queries() -> list[str]:
    panels = json.loads(BOARD.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.fixture
def served(
    make_store: Callable[[Settings], Store], store_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Store, str]]:
    """The API over a store in which there is something of everything that is counted."""
    monkeypatch.setattr(store_metrics, "_KEEP_SECONDS", 0.0)
    monkeypatch.setattr(readiness, "_KEEP_SECONDS", 0.0)
    store = make_store(store_settings.model_copy(update=LIVEKIT_AWAY))
    api = ApiUnderTest(store)
    for number, report in enumerate((make_report(), REJECTED)):
        trunk = store.make_trunk(name=f"t{number}", domain=f"{number}.carrier.example")
        run = store.installation.runs.requests.request(store.caller, trunk.id)
        claim = store.claim(run)
        assert claim is not None
        assert store.finish(claim, report)
        store.provision(trunk.id)
    with store.installation.database.write() as session:
        session.add(EdgeBudget(address="192.0.2.1", tokens=-1000, refilled_at=store.clock.now))
        Infrastructures(session).ensure(ProvisionerName.LIVEKIT).findings = {"missing": 1}
    with HttpThread(api.app) as running:
        yield store, running.url


def test_every_query_of_the_services_board_returns_data(served: tuple[Store, str], tmp_path: Path) -> None:
    store, url = served
    scraped: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [
            {
                "job_name": "trunkd",
                "scrape_interval": "2s",
                "scrape_timeout": "2s",
                "static_configs": [{"targets": [url.removeprefix("http://")]}],
            }
        ],
    }
    with urlopen(f"{url}/healthz") as answer:  # noqa: S310 - a loopback address
        assert answer.status == 200
    with PrometheusServer(tmp_path, scraped) as prometheus:
        assert prometheus.found('trunks_trunks{is_active="false"}')
        # What has just been finished is counted a little later.
        store.clock.advance(SETTLED_SECONDS)
        for query in queries():
            assert prometheus.found(query), query
        finished = prometheus.found("trunks_verifications_finished_total")
        assert {each["metric"]["reason"] for each in finished} == {
            "credentials-proven",
            "credentials-rejected",
        }
