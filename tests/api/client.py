"""The application as a test talks to it."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from api.app import create_app
from sipcheck.report.model import Report
from tests.trunks.forms import PASSWORD, Store, make_report
from trunks.installation.installation import Installation

BODY: dict[str, Any] = {
    "name": "Primary Carrier — US",
    "provider_name": "carrier-x",
    "domain": "sip.carrier.example",
    "username": "user_42",
    "password": PASSWORD,
    "port": 5061,
    "transport": "tls",
}


class ApiUnderTest:
    """`rung` is what the doorbell was asked to ring for; `on_ring` may play the worker."""

    def __init__(self, store: Store, installation: Installation | None = None) -> None:
        self.store = store
        self.rung: list[UUID] = []
        self._rings = asyncio.Semaphore(0)
        self.on_ring: Callable[[UUID], None] = lambda verification_id: None
        self.on_ring_provision: Callable[[UUID], None] = lambda trunk_id: None
        self.app: FastAPI = create_app(
            installation or store.installation, doorbell=self, checks={"broker": self.check_broker}
        )
        self.broker_holds = True
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        token = store.installation.tenancy.tenants.create_token(store.tenant)
        self.client = httpx.AsyncClient(
            transport=transport, base_url="http://api", headers={"Authorization": f"Bearer {token}"}
        )

    def ring(self, verification_id: UUID, *, on_demand: bool = False) -> None:
        self.rung.append(verification_id)
        self._rings.release()
        self.on_ring(verification_id)

    def ring_provision(self, trunk_id: UUID) -> None:
        self.on_ring_provision(trunk_id)

    async def wait_rung(self, count: int) -> None:
        """Wait until the doorbell was rung this often."""
        for _ in range(count):
            await self._rings.acquire()

    def check_broker(self) -> None:
        if not self.broker_holds:
            raise ConnectionError

    def work(self, report: Report) -> Callable[[UUID], None]:
        """Play a worker that comes to this report at once."""

        def run(verification_id: UUID) -> None:
            claim = self.store.claim(verification_id)
            assert claim is not None
            self.store.finish(claim, report)

        return run

    async def create(self, **changes: Any) -> dict[str, Any]:
        answer = await self.client.post("/api/v1/sip-trunks", json=BODY | changes)
        assert answer.status_code == 201, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def verified(self, trunk_id: str, report: Report | None = None) -> httpx.Response:
        self.on_ring = self.work(report or make_report())
        return await self.client.post(f"/api/v1/sip-trunks/{trunk_id}/verify")

    def forbid_custom_trunks(self) -> str:
        tenants = self.store.installation.tenancy.tenants
        tenants.create_environment("basic", allow_custom_sip_trunks=False)
        return tenants.create_token("basic")
