"""Signing in with a token: what the cookie is, how long it serves, and what no other site can do with it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from api.console.sign_in import SIGN_INS_PER_MINUTE
from api.console.visit import form_token_of
from tests.api.client import ApiUnderTest
from tests.api.console.visitor import COOKIE, SIGN_IN, Visitor
from trunks.installation.settings import Settings
from trunks.models.console_session import ConsoleSession
from trunks.models.environment import ApiToken
from trunks.tenancy.console_sessions import LASTS

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

TRUNKS = "/console/trunks"


@pytest.fixture
def store_settings_of_api(request: pytest.FixtureRequest, store_settings: Settings) -> Settings:
    given: dict[str, Any] = getattr(request, "param", {})
    return store_settings.model_copy(update=given)


async def is_signed_in(visitor: Visitor) -> bool:
    return (await visitor.open(TRUNKS)).status_code == 200


def sessions(api: ApiUnderTest) -> list[ConsoleSession]:
    with api.store.installation.database.read() as session:
        return list(session.scalars(select(ConsoleSession)))


def token_id(api: ApiUnderTest) -> UUID:
    with api.store.installation.database.read() as session:
        return session.scalars(select(ApiToken.id).order_by(ApiToken.id.desc())).first() or UUID(int=0)


async def test_a_token_opens_the_console_and_its_hash_alone_is_kept(
    api: ApiUnderTest, visitor: Visitor
) -> None:
    cookie = visitor.page.headers["set-cookie"]
    assert visitor.page.headers["location"] == "/console"
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/console", "Max-Age=43200"))
    assert "Secure" not in cookie
    (kept,) = sessions(api)
    secret = visitor.client.cookies[COOKIE]
    assert secret not in (kept.secret_hash, form_token_of(secret))
    await visitor.open("/console")
    assert visitor.page.headers["location"] == TRUNKS
    assert await is_signed_in(visitor)
    assert "acme" in visitor.text
    assert secret not in visitor.page.text


@pytest.mark.parametrize(
    ("base_url", "store_settings_of_api", "secure"),
    [
        ("https://api", {}, True),
        ("http://api", {"public_url": "https://api"}, True),  # a proxy that tells nothing of https
        ("http://127.0.0.1:8080", {"public_url": "https://api"}, False),  # beside the proxy
    ],
    indirect=["store_settings_of_api"],
)
async def test_behind_https_the_cookie_goes_by_https_alone(
    api: ApiUnderTest, base_url: str, secure: bool
) -> None:
    async with Visitor(api, base_url=base_url) as visitor:
        before = (await visitor.open(SIGN_IN)).headers["set-cookie"]
        answer = await visitor.client.post(
            SIGN_IN,
            data={"form_token": visitor.form_token, "token": visitor.new_token()},
            headers={"Cookie": before.partition(";")[0]},
        )
    assert ("Secure" in before, "Secure" in answer.headers["set-cookie"]) == (secure, secure)


@pytest.mark.parametrize("end", ["time", "sign-out", "revocation"])
async def test_a_session_ends(api: ApiUnderTest, visitor: Visitor, end: str) -> None:
    secret = visitor.client.cookies[COOKIE]
    assert await is_signed_in(visitor)
    match end:
        case "time":
            api.store.clock.advance(LASTS.total_seconds() - 1)
            assert await is_signed_in(visitor)
            api.store.clock.advance(1)
        case "sign-out":
            assert (await visitor.send("/console/sign-out")).headers["location"] == SIGN_IN
            assert COOKIE not in visitor.client.cookies
            visitor.client.cookies.set(COOKIE, secret)
        case "revocation":
            api.store.installation.tenancy.tenants.revoke_token(token_id(api))
    assert not await is_signed_in(visitor)
    assert visitor.page.headers["location"] == f"{SIGN_IN}?next=/console/trunks"


async def test_what_is_over_is_cleaned(api: ApiUnderTest, visitor: Visitor) -> None:
    api.store.clock.advance((LASTS + timedelta(minutes=2)).total_seconds())
    assert api.store.installation.cleaning.turn()["console_sessions"] == 1
    assert not sessions(api)


@pytest.mark.parametrize("token", ["", "wrong", "trunks_" + "A" * 43, "trunks_" + "ä" * 300, "revoked"])
async def test_another_token_opens_nothing(api: ApiUnderTest, token: str) -> None:
    async with Visitor(api) as visitor:
        if token == "revoked":
            token = visitor.new_token()
            api.store.installation.tenancy.tenants.revoke_token(token_id(api))
        answer = await visitor.sign_in(token or " ")
        assert answer.status_code == 401
        assert "not known, or was revoked" in visitor.text
        assert token == "" or token not in answer.text
        assert COOKIE not in visitor.client.cookies
        assert not await is_signed_in(visitor)
    assert not sessions(api)


async def test_sign_ins_are_limited_by_address(api: ApiUnderTest) -> None:
    async with Visitor(api) as guessing, Visitor(api, address="192.0.2.8") as other:
        statuses = [(await guessing.sign_in("wrong")).status_code for _ in range(SIGN_INS_PER_MINUTE)]
        assert statuses == [401] * SIGN_INS_PER_MINUTE
        assert (await guessing.sign_in()).status_code == 429
        assert int(guessing.page.headers["retry-after"]) > 0
        assert not await is_signed_in(guessing)
        assert (await other.sign_in()).status_code == 303


@pytest.mark.parametrize("form_token", [None, "", "0" * 64, "ü" * 64])
async def test_a_form_from_elsewhere_does_nothing(visitor: Visitor, form_token: str | None) -> None:
    await visitor.open(TRUNKS)
    fields = {} if form_token is None else {"form_token": form_token}
    for path in ("/console/sign-out", SIGN_IN):
        answer = await visitor.client.post(path, data=fields)
        assert answer.status_code == 403
        assert "nothing was done" in answer.text
    assert await is_signed_in(visitor)


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/console/trunks/018f0000-0000-7000-8000-000000000000", None),
        ("https://elsewhere.example/console", "/console"),
        ("//elsewhere.example", "/console"),
        ("/console//elsewhere.example", "/console"),
        ("/console/../docs", "/console"),
        ("/consoles", "/console"),
        ("javascript:alert(1)", "/console"),
        ("/console/trunks\r\nX-Other: 1", "/console"),
    ],
)
async def test_who_signs_in_goes_to_pages_of_the_console_alone(
    api: ApiUnderTest, target: str, leads_to: str | None
) -> None:
    async with Visitor(api) as visitor:
        await visitor.open(SIGN_IN)
        answer = await visitor.send(SIGN_IN, token=visitor.new_token(), next=target)
        assert answer.headers["location"] == (leads_to or target)


async def test_who_comes_from_another_site_comes_once_more_from_ours(visitor: Visitor) -> None:
    """A strict cookie is not sent along with a link in a mail or a chat."""
    visitor.client.cookies.clear()
    answer = await visitor.open(f"{SIGN_IN}?next=/console/trunks", **{"sec-fetch-site": "cross-site"})
    assert 'content="0; url=/console/trunks"' in answer.text
    await visitor.open(f"{SIGN_IN}?next=/console/trunks", **{"sec-fetch-site": "same-origin"})
    assert "API token" in visitor.text


async def test_the_api_takes_no_cookie(visitor: Visitor) -> None:
    assert (await visitor.client.get("/api/v1/sip-trunks")).status_code == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [(SIGN_IN, 200), (TRUNKS, 200), ("/console/nothing", 404), ("/console/trunks/nothing", 404)],
)
async def test_every_page_is_kept_by_nobody_and_runs_nothing_of_others(
    visitor: Visitor, path: str, status: int
) -> None:
    answer = await visitor.open(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<style" not in answer.text
    assert " style=" not in answer.text
    assert " onclick=" not in answer.text


async def test_packaged_files_are_kept_and_no_other_file_is_given(api: ApiUnderTest) -> None:
    async with Visitor(api) as visitor:
        answer = await visitor.open("/console/assets/console.css")
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=3600"
        for name in ("../page.py", "..%2Fpage.py", "page.py", "reasons.yaml", ""):
            assert (await visitor.open(f"/console/assets/{name}")).status_code == 404


async def test_a_request_too_many_is_said_as_a_page(api: ApiUnderTest) -> None:
    tenants = api.store.installation.tenancy.tenants
    tenants.create_environment("slow", requests_per_minute=1)
    async with Visitor(api) as slow:
        await slow.sign_in(slow.new_token("slow"))
        assert await is_signed_in(slow)
        assert not await is_signed_in(slow)
        assert slow.page.status_code == 429
        assert "Too many requests" in slow.text
