"""The calls on the dialects' pages are run, and what they answer is what the pages show."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.peers.ports import free_port
from tests.trunkd.daemon import Trunkd

pytestmark = pytest.mark.peers

PAGES = sorted((Path(__file__).parents[1] / "docs" / "dialects").glob("*.md"))
_STEP = re.compile(r"^```sh\n((?:(?!```).*\n)+)```\n+```json\n((?:(?!```).*\n)+)```$", re.MULTILINE)
_SEPARATOR = "\x1e"
_PRACTICE_PORT = "5070"
# What differs from run to run.
_ID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$")
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")


def steps(page: Path) -> list[tuple[str, Any]]:
    """Give each call with the answer that is shown for it."""
    return [(call, json.loads(shown)) for call, shown in _STEP.findall(page.read_text(encoding="utf-8"))]


def masked(answer: Any, name: str = "") -> Any:
    match answer:
        case dict():
            return {key: masked(value, key) for key, value in answer.items()}
        case list():
            return [masked(value, name) for value in answer]
        case str() if _ID.match(answer) or _MOMENT.match(answer):
            return "…"
        case int() | float() if name.endswith("_ms"):
            return "…"
    return answer


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_happens(page: Path, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with Trunkd("up", "--practice", folder=tmp_path, environment={"TRUNKS_PORT": str(port)}) as trunkd:
        trunkd.wait_until(ready(url))
        # It is ready before it says so, and the example ends with an empty line.
        trunkd.wait_until(lambda: trunkd.out.endswith("echo\n\n"))
        token, practice_port = told(trunkd.out)
        script = f"set -e\nexport URL={url} TOKEN={token}\n"
        for call, _ in steps(page):
            script += f"{call}\nprintf '\\036'\n"
        answers = subprocess.run(
            ["bash", "-c", script.replace(_PRACTICE_PORT, practice_port)],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.split(_SEPARATOR)[:-1]
    for (call, shown), answered in zip(steps(page), answers, strict=True):
        found = json.loads(answered.replace(practice_port, _PRACTICE_PORT))
        assert masked(found) == masked(shown), call


def ready(url: str) -> Callable[[], bool]:
    def holds() -> bool:
        try:
            return httpx.get(f"{url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    return holds


def told(output: str) -> tuple[str, str]:
    """Give the token and the practice carrier's port, as they were printed."""
    token = re.search(r"^TOKEN=(\S+)$", output, re.MULTILINE)
    port = re.search(r"answers at 127\.0\.0\.1:(\d+)", output)
    assert token is not None
    assert port is not None
    return token[1], port[1]
