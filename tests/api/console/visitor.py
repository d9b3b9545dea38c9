"""Somebody at the console, as his browser would speak for him: with cookies and with the fields of the pages' forms."""

import html
import re
from typing import Any, Self

import httpx

from tests.api.client import ApiUnderTest

SIGN_IN = "/console/sign-in"
COOKIE = "trunkd_console"

_FORM_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


class Visitor:
    """`page` is the last answer."""

    def __init__(
        self, api: ApiUnderTest, *, base_url: str = "http://api", address: str = "192.0.2.7"
    ) -> None:
        self.api = api
        transport = httpx.ASGITransport(api.app, raise_app_exceptions=False, client=(address, 50000))
        self.client = httpx.AsyncClient(transport=transport, base_url=base_url)
        self.page: httpx.Response

    async def __aenter__(self) -> Self:
        await self.client.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    @property
    def text(self) -> str:
        """What the page says, without its marks, and with single spaces."""
        return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", self.page.text).split()))

    @property
    def form_token(self) -> str:
        found = _FORM_TOKEN.search(self.page.text)
        assert found is not None, self.page.text
        return found[1]

    async def open(self, path: str, **headers: str) -> httpx.Response:
        self.page = await self.client.get(path, headers=headers)
        return self.page

    async def send(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form of the page that is open."""
        given = {"form_token": self.form_token, **fields}
        self.page = await self.client.post(path, data=given)
        return self.page

    async def sign_in(self, token: str | None = None) -> httpx.Response:
        await self.open(SIGN_IN)
        return await self.send(SIGN_IN, token=token or self.new_token())

    def new_token(self, environment: str | None = None) -> str:
        tenants = self.api.store.installation.tenancy.tenants
        return tenants.create_token(environment or self.api.store.tenant)
