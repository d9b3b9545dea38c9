"""The exporter over HTTP: what it tells, what it refuses, and that a carrier feels nothing of how often it is asked."""

import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.sipcheck.cli.monitoring.exporter.conftest import RIGHT, WRONG, Scene


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text)[name, frozenset(labels.items())]


def test_a_verified_trunk(scene: Scene) -> None:
    status, text = scene.probe("right")
    assert status == 200
    assert value(text, "probe_success") == 1
    assert value(text, "sip_reason_info", reason="credentials-proven", cause="", party="nobody") == 1
    assert value(text, "sip_outcome", outcome="verified") == 1
    assert value(text, "sip_outcome", outcome="failed") == 0
    assert value(text, "sip_credentials", state="proven") == 1
    assert value(text, "sip_warning_info", code="certificate-expires-soon") == 1
    edge = scene.targets["right"].removeprefix("sip:").replace(";transport=", "/")
    assert value(text, "sip_edge_up", edge=edge) == 1
    assert value(text, "sip_edge_rtt_seconds", edge=edge) > 0
    assert value(text, "sip_edges") == 1
    assert value(text, "sip_check_failed", check="tls") == 0
    assert value(text, "sip_check_duration_seconds", check="sip") > 0
    assert value(text, "probe_ssl_earliest_cert_expiry") > 1_700_000_000
    assert 0 < value(text, "probe_duration_seconds") < 60
    assert RIGHT not in text


def test_a_refused_password_is_sent_once_over_ten_scrapes(scene: Scene) -> None:
    carrier = scene.carriers["wrong"].running
    with ThreadPoolExecutor(5) as scrapers:  # at once, and one after the other
        texts = [text for _, text in scrapers.map(lambda _: scene.probe("wrong"), range(10))]
    assert carrier.authenticated_attempts == 1
    assert all(value(text, "probe_success") == 0 for text in texts)
    last = scene.probe("wrong")[1]
    assert value(last, "sip_reason_info", reason="credentials-frozen", cause="", party="configuration") == 1
    assert value(last, "sip_credentials_refused_timestamp_seconds") > 1_700_000_000
    assert WRONG not in last
    assert carrier.authenticated_attempts == 1


def test_one_result_serves_all_who_ask_within_the_interval(scene: Scene) -> None:
    carrier = scene.carriers["kept"].running
    with ThreadPoolExecutor(5) as scrapers:
        texts = [text for _, text in scrapers.map(lambda _: scene.probe("kept"), range(10))]
    assert {value(text, "probe_duration_seconds") for text in texts} == {
        value(texts[0], "probe_duration_seconds")
    }
    assert [sighting.method for sighting in carrier.seen] == ["OPTIONS", "REGISTER", "REGISTER"]


def test_whoever_has_no_time_gets_no_result_and_ends_nobodys_run(scene: Scene) -> None:
    carrier = scene.carriers["slow"].running
    with ThreadPoolExecutor(2) as scrapers:
        patient = scrapers.submit(scene.probe, "slow")
        while not carrier.seen:
            pass
        status, told = scene.probe("slow", X_Prometheus_Scrape_Timeout_Seconds="0.6")
        assert (status, told) == (503, "no result within 0.1 s; ask again, the check goes on\n")
        assert value(patient.result()[1], "sip_reason_info", reason="alive", cause="", party="nobody") == 1


def test_the_deadline_is_the_scrapes_less_half_a_second(scene: Scene) -> None:
    status, text = scene.probe("deaf", X_Prometheus_Scrape_Timeout_Seconds="30")
    assert status == 200
    assert value(text, "sip_reason_info", reason="no-response", cause="silence", party="network") == 1
    assert value(text, "sip_check_failed", check="sip") == 1
    again = scene.probe("deaf")[1]
    assert value(again, "probe_duration_seconds") == value(text, "probe_duration_seconds")
    assert value(again, "sip_probe_age_seconds") > value(text, "sip_probe_age_seconds")


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/probe", 400, "give one module and one target"),
        ("/probe?module=right", 400, "give one module and one target"),
        ("/probe?module=right&module=wrong&target=x", 400, "give one module and one target"),
        ("/probe?module=none&target=x", 400, "there is no such module"),
        (
            "/probe?module=right&target=169.254.169.254",
            400,
            "the module's list of targets has no such target",
        ),
        ("/probe?module=right&target=", 400, "give one module and one target"),
        ("/none", 404, "give /probe"),
        ("/", 200, "The exporter of sipcheck"),
    ],
)
def test_other_paths(path: str, status: int, told: str, scene: Scene) -> None:
    found, text = scene.exporter.get(path)
    assert found == status
    assert told in text


def test_other_methods_are_refused(scene: Scene) -> None:
    assert scene.exporter.get("/metrics", method="POST")[0] == 405
    assert scene.exporter.get("/", method="HEAD") == (200, "")


@pytest.mark.parametrize("seconds", ["0.5", "0", "-1", "nan", "inf", "soon", "1e400"])
def test_a_timeout_that_leaves_no_time_is_told(seconds: str, scene: Scene) -> None:
    status, told = scene.probe("right", X_Prometheus_Scrape_Timeout_Seconds=seconds)
    assert (status, told) == (400, "the scrape's timeout leaves no time; give more than 0.5 s\n")


def test_its_own_metrics_count_targets_and_answers(scene: Scene) -> None:
    text = scene.exporter.get("/metrics")[1]
    assert value(text, "sipcheck_exporter_targets", module="right") == 1
    scene.exporter.get("/probe")
    before = value(scene.exporter.get("/metrics")[1], "sipcheck_exporter_answers_total", status="400")
    scene.exporter.get("/probe?module=none&target=x")
    after = value(scene.exporter.get("/metrics")[1], "sipcheck_exporter_answers_total", status="400")
    assert after == before + 1


def test_connections_that_say_nothing_keep_nobody_out_for_good(scene: Scene) -> None:
    address = scene.exporter.address
    assert address is not None
    idle = [socket.create_connection((address.host, address.port or 0)) for _ in range(200)]
    try:
        ended = _ended(idle)  # above the bound they are hung up on
        assert ended
    finally:
        for each in idle:
            each.close()
    for _ in range(1000):
        try:
            if scene.exporter.get("/")[0] == 200:
                return
        except OSError:
            continue
    pytest.fail("nobody is let in any more")


def _ended(connections: Iterable[socket.socket]) -> int:
    """Wait for the first that is hung up on."""
    last = list(connections)[-1]
    last.settimeout(30)
    return int(last.recv(1) == b"")
