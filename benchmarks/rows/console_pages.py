"""The console's pages, asked for by somebody who is signed in to an environment of many trunks."""

import asyncio
import logging
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import httpx
import structlog
from fastapi import FastAPI

from api.app import create_app
from benchmarks.client import Client
from benchmarks.conditions import Conditions
from benchmarks.measurement import Measurement, Role, Sample, Unit
from benchmarks.rounds import measure_rounds
from benchmarks.service.crowd import crowded_forms
from benchmarks.service.store import Store, left_out
from worker.app import make_app
from worker.doorbell import CeleryDoorbell

KEY = "console-pages"

_TRUNKS = 100_000
_ASKED = 20
# Once for what is loaded at the first time, as templates are.
_FIRST = 3
_PERCENTILES = 100
_P95 = 94
_COOKIE = "trunkd_console"


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    # A line for each request would be measured with it.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    missing, count = left_out(), conditions.operations(_TRUNKS)
    with asyncio.Runner() as runner, crowded_forms(conditions.cores, count, missing=missing) as crowded:
        clients: list[Client] = []
        for store, trunks in crowded:
            clients += _readers(store, trunks, runner)
        return Measurement(
            row=KEY,
            title="Pages of the console",
            unit=Unit.MILLISECONDS,
            operation=f"a page, asked of the application in its own process, with {count:,} trunks in the environment",
            series=measure_rounds(KEY, clients, conditions.service_rounds),
            left_out=missing,
        )


def _readers(store: Store, trunks: Sequence[UUID], runner: asyncio.Runner) -> Iterator[Client]:
    app = create_app(store.installation, doorbell=CeleryDoorbell(make_app(store.installation.settings)))
    secret = store.installation.tenancy.sessions.begin(store.token)
    assert secret is not None
    pages: Mapping[str, Sequence[str]] = {
        "trunks": ["/console/trunks"],
        "a search": [f"/console/trunks?search={number}" for number in range(_ASKED)],
        "a trunk": [f"/console/trunks/{trunk}" for trunk in trunks[:_ASKED]],
        "carriers": ["/console/carriers"],
        "incidents": ["/console/incidents"],
    }
    for name, paths in pages.items():
        yield Reader(f"{store.form}, {name}", Role.JUDGED, app, secret, paths, runner)


@dataclass(frozen=True, slots=True)
class Reader:
    """One page after the other."""

    name: str
    role: Role
    app: FastAPI
    secret: str
    paths: Sequence[str]
    # What the application waits with belongs to one loop.
    runner: asyncio.Runner

    def sample(self) -> Sample:
        took_ms = self.runner.run(self._read())
        return Sample(
            figure=statistics.median(took_ms),
            p95=statistics.quantiles(took_ms, n=_PERCENTILES, method="inclusive")[_P95],
            whole=statistics.median(took_ms),
        )

    async def _read(self) -> list[float]:
        transport = httpx.ASGITransport(self.app)
        cookies = {_COOKIE: self.secret}
        async with httpx.AsyncClient(transport=transport, base_url="http://bench", cookies=cookies) as client:
            took = [await self._ask(client, number) for number in range(_FIRST + _ASKED)]
        return took[_FIRST:]

    async def _ask(self, client: httpx.AsyncClient, number: int) -> float:
        path = self.paths[number % len(self.paths)]
        began = time.perf_counter()
        answer = await client.get(path)
        took_ms = (time.perf_counter() - began) * 1000
        assert answer.status_code == httpx.codes.OK, (path, answer.status_code)
        return took_ms
