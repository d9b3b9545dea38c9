"""deploy/prometheus and deploy/grafana: every metric they name exists, real Prometheus takes them, boards show data."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.peers.programs import find_program
from tests.peers.prometheus_server import PrometheusServer
from tests.sipcheck.cli.monitoring.exporter.conftest import Scene
from trunks.installation.settings import Settings

ROOT = Path(__file__).parents[5]
DEPLOY = ROOT / "deploy"
BOARDS = sorted((DEPLOY / "grafana").glob("*.json"))
RULES = sorted((DEPLOY / "prometheus").glob("*.rules.yml"))
OWN_NAME = re.compile(r"\b(?:probe|sip|sipcheck|trunks)_[a-z_]+\b")
SUFFIX = re.compile(r"_(?:total|bucket|count|sum)$")


def board_queries(board: Path) -> list[str]:
    panels = json.loads(board.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def rule_queries(rules: Path) -> list[str]:
    groups = yaml.safe_load(rules.read_text(encoding="utf-8"))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def written_names() -> set[str]:
    """The metrics that the sources make."""
    exporter = ROOT / "sipcheck" / "cli" / "monitoring" / "exporter"
    return _names(exporter, "probe|sip|sipcheck") | _names(ROOT / "api", "trunks")


def _names(folder: Path, beginnings: str) -> set[str]:
    texts = [file.read_text(encoding="utf-8") for file in folder.rglob("*.py")]
    return {name for text in texts for name in re.findall(rf'"((?:{beginnings})_[a-z_]+)"', text)}


@pytest.mark.parametrize("file", [*BOARDS, *RULES], ids=lambda file: file.name)
def test_every_metric_that_is_named_exists(file: Path) -> None:
    queries = board_queries(file) if file in BOARDS else rule_queries(file)
    assert queries
    named = {name for query in queries for name in OWN_NAME.findall(re.sub(r'"[^"]*"', '""', query))}
    made = written_names()
    missing = {name for name in named if name not in made and SUFFIX.sub("", name) not in made}
    assert not missing


def test_every_metric_of_a_probe_is_on_the_board() -> None:
    (board,) = (board for board in BOARDS if "exporter" in board.name)
    shown = " ".join(board_queries(board))
    made = {name for name in written_names() if name.startswith(("probe_", "sip_"))}
    left_out = {
        "sip_check_failed",
        "sip_credentials_refused_timestamp_seconds",
        "sip_knocks",
        "sip_outcome",
        "sip_probe_age_seconds",
    }
    assert {name for name in made if name not in shown} == left_out


def test_each_program_is_scraped_where_it_listens_by_default() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    settings = Settings.model_fields
    listening = f"{settings['host'].default}:{settings['port'].default}"
    assert jobs["trunkd"]["static_configs"] == [{"targets": [listening]}]
    exporter = (ROOT / "docs" / "design" / "command-line.md").read_text(encoding="utf-8")
    assert f"{jobs['sipcheck']['relabel_configs'][-1]['replacement']} unless told otherwise" in exporter


@pytest.mark.peers
def test_promtool_takes_the_rules_and_their_tests() -> None:
    folder = DEPLOY / "prometheus"
    promtool = str(find_program("promtool"))
    tests = [str(file) for file in sorted(folder.glob("*.rules.test.yml"))]
    assert len(tests) == len(RULES)
    for command in (["test", "rules", *tests], ["check", "config", str(folder / "prometheus.yml")]):
        done = subprocess.run([promtool, *command], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def prometheus(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """A real Prometheus that scrapes the exporter as the deployed file says, but every second."""
    folder = tmp_path_factory.mktemp("prometheus")
    deployed = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    scraped = [
        {
            **deployed["scrape_configs"][0],
            "job_name": f"sipcheck-{module}",
            "params": {"module": [module]},
            "static_configs": [{"targets": [target]}],
            "relabel_configs": [
                *deployed["scrape_configs"][0]["relabel_configs"][:-1],
                {"target_label": "__address__", "replacement": str(scene.exporter.address)},
            ],
        }
        for module, target in scene.targets.items()
        if module in ("right", "wrong", "deaf")
    ]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(file) for file in RULES],
        "scrape_configs": [{**each, "scrape_interval": "5s", "scrape_timeout": "5s"} for each in scraped],
    }
    with PrometheusServer(folder, config) as running:
        yield running


@pytest.mark.peers
def test_a_real_prometheus_scrapes_and_the_board_shows_data(
    prometheus: PrometheusServer, scene: Scene
) -> None:
    for text in ('probe_success{job="sipcheck-%s"}' % module for module in ("right", "wrong", "deaf")):  # noqa: UP031
        assert prometheus.found(text)
    (board,) = (board for board in BOARDS if "exporter" in board.name)
    for expression in board_queries(board):
        assert prometheus.found(expression.replace("$instance", ".*"))
    values = {result["metric"]["job"]: result["value"][1] for result in prometheus.query("probe_success")}
    assert values == {"sipcheck-right": "1", "sipcheck-wrong": "0", "sipcheck-deaf": "0"}
    assert prometheus.found('ALERTS{alertname="SipCredentialsRefused"}')
    assert prometheus.found('ALERTS{alertname="SipTrunkFailing", reason="no-response"}')
    assert scene.carriers["wrong"].running.authenticated_attempts == 1
