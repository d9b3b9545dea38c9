"""A real Prometheus on a loopback port, with a configuration of the test's."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from tests.peers.ports import free_port
from tests.peers.programs import find_program

_WAIT_SECONDS = 120


class PrometheusServer:
    """Scrapes what the configuration names while entered."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        file = folder / "prometheus.yml"
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "log"
        self._command = [
            str(find_program("prometheus")),
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._running = subprocess.Popen(self._command, stdout=log, stderr=log)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.terminate()
        self._running.wait(60)

    def query(self, text: str) -> list[Any]:
        """What a query finds; nothing while Prometheus is not there yet."""
        try:
            with urlopen(f"{self.url}/api/v1/query?{urlencode({'query': text})}", timeout=10) as answer:  # noqa: S310
                return list(json.load(answer)["data"]["result"])
        except OSError:
            return []

    def found(self, text: str) -> list[Any]:
        """What a query finds, once it finds something."""
        until = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < until:
            if result := self.query(text):
                return result
            time.sleep(0.2)
        pytest.fail(f"Prometheus has no data for {text}")
