"""Clients that go away in the middle of a body: a line of the log each, and nothing that looks like a fault of ours."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.api.client import ApiUnderTest
from tests.trunkd.bounded_server import BoundedServer
from tests.trunkd.test_hostile_clients import AUTOCALLS, BOLNA, TALKOVER, request, wait_for
from tests.trunks.forms import Store, make_store, sqlite_template
from trunks.installation.settings import Settings, load_settings
from trunks.models.trunk import Trunk

__all__ = ["make_store", "sqlite_template"]

TYPED = ("Content-Type: application/json", "Content-Length: 9")


@pytest.fixture
def api(make_store: Callable[[Settings], Store], tmp_path: Path) -> ApiUnderTest:
    return ApiUnderTest(make_store(load_settings(data_dir=tmp_path / "var")))


@pytest.fixture
def served(api: ApiUnderTest) -> Iterator[BoundedServer]:
    with BoundedServer(api.app, api.store.installation.settings) as server:
        yield server


def test_a_body_that_is_cut_off_is_one_plain_line(
    served: BoundedServer, api: ApiUnderTest, capfd: pytest.CaptureFixture[str]
) -> None:
    token = f"Authorization: {api.client.headers['Authorization']}"
    trunk = api.store.make_trunk()
    for method, path, *key in (
        ("POST", TALKOVER),
        ("PUT", f"{TALKOVER}/{trunk.id}"),
        ("POST", f"{TALKOVER}/verify"),
        ("POST", f"{TALKOVER}/{trunk.id}/dids"),
        ("POST", f"{TALKOVER}/{trunk.id}/verify", "Idempotency-Key: cut-off"),
        ("POST", TALKOVER, "Idempotency-Key: cut-off"),
        ("POST", AUTOCALLS),
        ("POST", AUTOCALLS, "Idempotency-Key: cut-off"),
        ("POST", BOLNA),
        ("PATCH", f"{BOLNA}/{trunk.id}"),
    ):
        with capture_logs() as lines:
            client = served.connect(request(path, token, *TYPED, *key, method=method) + b"{")
            client.close()
            wait_for(lambda: lines)
        assert [(line["event"], line["status"], line["log_level"]) for line in lines] == [
            ("request", 499, "info")
        ], (method, path, key)
    assert "Traceback" not in "".join(capfd.readouterr())
    with api.store.installation.database.read() as session:
        assert session.query(Trunk).count() == 1
