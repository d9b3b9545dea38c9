"""The receiver of docs/webhooks.md does what the page says of it."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from trunks.ids import new_id
from trunks.rules.events import CHOOSABLE_EVENTS
from worker.messages.signing import signed_headers

PAGE = (Path(__file__).parents[1] / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDdLO8dMCvY2Q="
FORMER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwYspob7oDdLO8"
BODY = '{"type":"trunk.down","timestamp":"2026-03-31T10:00:02Z","data":{"trunk_id":"t-1"}}'


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    definition, served, _ = code.rpartition('HTTPServer(("127.0.0.1", 8000), Receiver).serve_forever()')
    assert served
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    names: dict[str, Any] = {}
    exec(definition, names)  # noqa: S102 - the page's own code
    server = HTTPServer(("127.0.0.1", 0), names["Receiver"])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_receiver_takes_what_was_signed_by_its_secret_alone(
    receiver: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for secrets in ([SECRET], [FORMER, SECRET]):
        headers = signed_headers(new_id(), BODY, secrets, datetime.now(UTC))
        assert httpx.post(receiver, content=BODY, headers=headers).status_code == 204
    strange = signed_headers(new_id(), BODY, [FORMER], datetime.now(UTC))
    with pytest.raises(httpx.HTTPError):
        httpx.post(receiver, content=BODY, headers=strange)
    assert capfd.readouterr().out.count("trunk.down t-1") == 2


def test_the_page_names_every_event() -> None:
    table = {
        name
        for line in PAGE.splitlines()
        if line.startswith("|")
        for name in re.findall(r"`([a-z_.]+)`", line)
    }
    assert {each.value for each in CHOOSABLE_EVENTS} <= table
