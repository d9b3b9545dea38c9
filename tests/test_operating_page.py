"""docs/operating.md names what there is: events, metrics, commands."""

import re
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.peers.ports import free_port
from tests.test_dialect_pages import ready
from tests.trunkd.daemon import Trunkd, run_trunkd
from tests.trunkd.prepared import prepare_store
from trunks.provisions.reconciliation import SideFinding

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for package in ("api", "trunks", "worker", "trunkd")
    for path in (ROOT / package).rglob("*.py")
)


def table(heading: str) -> list[str]:
    """Give the first column of the table below a heading."""
    part = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (.*?) \|", part, re.MULTILINE)
    return [name for row in rows[1:] for name in re.findall(r"`([^`{]+)", row)]


@pytest.mark.parametrize("event", table("What an alarm in the log means"))
def test_every_alarm_is_one_that_the_code_gives(event: str) -> None:
    finding = event.removeprefix("provision-")
    spelled = f'"{event}"' in SOURCES or finding in set(SideFinding) or f'_log, "{event}' in SOURCES
    assert spelled or (event == "broker-away" and 'f"{self._name}-away"' in SOURCES)


@pytest.mark.peers
def test_every_metric_is_shown(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with Trunkd("up", folder=tmp_path, environment={"TRUNKS_PORT": str(port)}) as trunkd:
        trunkd.wait_until(ready(url))
        shown = httpx.get(f"{url}/metrics").text
    # Those of provisions are shown where something provisions (tests/worker/test_autocalls.py).
    names = [name for name in table("What to watch") if not name.startswith("trunks_provision")]
    missing = [name for name in names if name.removesuffix("_total") not in shown]
    assert not missing


@pytest.mark.peers
def test_the_backup_is_one_that_opens(tmp_path: Path) -> None:
    prepare_store(tmp_path, {})
    (commands,) = re.findall(r"^```sh\n((?:(?!```).)*VACUUM.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    subprocess.run(
        ["sh", "-ec", commands.replace(".venv/bin/python", shlex.quote(sys.executable))],
        cwd=tmp_path,
        check=True,
        timeout=30,
    )
    with sqlite3.connect(tmp_path / "trunks-backup.sqlite") as backup:
        assert backup.execute("SELECT version_num FROM alembic_version").fetchone()
    backup.close()
    for name in ("trunks-backup.sqlite", "secret-keys-backup"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.peers
def test_the_trunks_of_a_file_are_entered(tmp_path: Path) -> None:
    prepare_store(tmp_path, {})
    assert run_trunkd("environment", "create", "acme", folder=tmp_path).returncode == 0
    (commands,) = re.findall(r"^```sh\n(cat > moving.csv.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (told,) = re.findall(r"`(2 entered.*?)`", PAGE, re.DOTALL)
    folder = Path(sys.executable).parent
    ran = subprocess.run(
        ["sh", "-ec", commands.replace("trunkd trunks", f"{shlex.quote(str(folder))}/trunkd trunks")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert (ran.stdout, ran.stderr) == (f"{' '.join(told.split())}\n", "")
