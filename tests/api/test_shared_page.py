"""A link to a run's page: who opens it, for how long, and what it shows and does not."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, text

from api.shared_page import routes
from tests.api.client import ApiUnderTest
from tests.api.test_evidence import URL, real_reports, run_with
from tests.sipcheck.pcapng_reader import read_pcapng
from tests.trunks.forms import make_report
from trunks.installation.settings import Settings
from trunks.models.shared_page import SharedPage
from trunks.repositories.old_rows import NEWEST_RUNS
from trunks.runs.sharing import MOST_OF_A_RUN

PUBLIC_URL = "https://sip.platform.example"
NUMBER, SHORT = "+4930123456", "+493xxxxx56"
ON_SQLITE = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


@pytest.fixture
def store_settings_of_api(request: pytest.FixtureRequest, store_settings: Settings) -> Settings:
    given: dict[str, Any] = getattr(request, "param", {"public_url": PUBLIC_URL})
    return store_settings.model_copy(update={"verify_wait_seconds": 2.0, **given})


async def share(api: ApiUnderTest, trunk_id: str, run_id: str, **body: Any) -> httpx.Response:
    return await api.client.post(f"{URL}/{trunk_id}/verifications/{run_id}/share", json=body)


async def shared(api: ApiUnderTest, run: tuple[str, str], **body: Any) -> dict[str, str]:
    answer = await share(api, *run, **body)
    assert answer.status_code == 201, answer.text
    data: dict[str, str] = answer.json()["data"]
    return data


async def open_link(api: ApiUnderTest, url: str, path: str = "") -> httpx.Response:
    """As a stranger: without a token."""
    assert url.startswith(f"{PUBLIC_URL}/r/")
    return await api.client.get(url.removeprefix(PUBLIC_URL) + path, headers={"Authorization": ""})


async def test_a_link_opens_until_it_expires_or_is_taken_back(api: ApiUnderTest) -> None:
    run = await run_with(api, make_report())
    week, month, unwanted = [await shared(api, run, **body) for body in ({}, {"days": 30}, {"days": 1})]
    listed = (await api.client.get(f"{URL}/{run[0]}/verifications/{run[1]}/share")).json()["data"]
    assert [each["id"] for each in listed] == [unwanted["id"], month["id"], week["id"]]
    assert all(set(each) == {"id", "expires_at"} for each in listed)
    assert [(await open_link(api, each["url"])).status_code for each in (week, month, unwanted)] == [200] * 3
    at = f"{URL}/{run[0]}/verifications/{run[1]}/share/{unwanted['id']}"
    assert [(await api.client.delete(at)).status_code for _ in range(2)] == [200, 404]
    api.store.clock.advance(timedelta(days=7).total_seconds())
    assert [(await open_link(api, each["url"])).status_code for each in (week, month, unwanted)] == [
        404,
        200,
        404,
    ]
    listed = (await api.client.get(f"{URL}/{run[0]}/verifications/{run[1]}/share")).json()["data"]
    assert [each["id"] for each in listed] == [month["id"]]
    with api.store.installation.database.read() as session:
        stored = str(session.execute(text("SELECT * FROM shared_pages")).all())
    assert not any(each["url"].rpartition("/")[2] in stored for each in (week, month))


@ON_SQLITE
async def test_expired_links_go_and_a_run_with_a_link_stays(api: ApiUnderTest) -> None:
    run = await run_with(api, make_report())
    await shared(api, run, days=30)
    for _ in range(NEWEST_RUNS + 1):
        await api.verified(run[0])
    await shared(api, (run[0], str(api.store.runs(UUID(run[0]))[0].id)), days=1)
    store = api.store
    cleaning = store.installation.cleaning
    runs = UUID(run[1])

    def left() -> tuple[int, bool]:
        cleaning.turn()
        with store.installation.database.read() as session:
            links = len(session.scalars(select(SharedPage.id)).all())
        return links, any(each.id == runs for each in store.runs(UUID(run[0])))

    store.clock.advance(timedelta(days=2).total_seconds())
    assert left() == (1, True)
    store.clock.advance(timedelta(days=100).total_seconds())
    assert left()[0] == 0
    store.clock.advance(timedelta(minutes=2).total_seconds())
    assert left() == (0, False)


@ON_SQLITE
async def test_what_is_no_link_is_one_404(api: ApiUnderTest) -> None:
    run = await run_with(api, make_report())
    good = await shared(api, run)
    token = good["url"].rpartition("/")[2]
    assert len(token) == 43
    wrong = [
        token[:-1] + ("A" if token[-1] != "A" else "E"),
        token[:-1],
        f"{token}x",
        "x",
        "..",
        "%00",
        "style",
        "a" * 5000,
    ]
    answers = [await open_link(api, f"{PUBLIC_URL}/r/{each}") for each in wrong]
    assert {answer.status_code for answer in answers} == {404}
    texts = {answer.text for answer in answers if "This link opens nothing" in answer.text}
    assert len(texts) == 1
    # With its trunk a link goes, too.
    assert (await api.client.delete(f"{URL}/{run[0]}")).status_code == 200
    assert (await open_link(api, good["url"])).text in texts


@ON_SQLITE
@pytest.mark.parametrize("body", [{"days": 0}, {"days": 31}, {"days": "soon"}, {"days": None}, {"days": 1.5}])
async def test_days_that_are_none(api: ApiUnderTest, body: dict[str, Any]) -> None:
    answer = await share(api, *await run_with(api, make_report()), **body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["days"])


@ON_SQLITE
@pytest.mark.parametrize("store_settings_of_api", [{}], indirect=True)
async def test_without_an_address_of_ours_there_are_no_links(api: ApiUnderTest) -> None:
    answer = await share(api, *await run_with(api, make_report()))
    assert (answer.status_code, answer.json()["code"]) == (422, "PUBLIC_URL_MISSING")


@ON_SQLITE
async def test_what_cannot_be_shared(api: ApiUnderTest) -> None:
    trunk_id, run_id = await run_with(api, make_report())
    api.on_ring = lambda verification_id: None
    queued = (await api.client.post(f"{URL}/{trunk_id}/verify?async=true")).json()["data"]["verification_id"]
    tenants = api.store.installation.tenancy.tenants
    tenants.create_environment("another")
    stranger = {"Authorization": f"Bearer {tenants.create_token('another')}"}
    path = f"{URL}/{trunk_id}/verifications/{run_id}/share"
    link = (await shared(api, (trunk_id, run_id)))["id"]
    for answer, code in (
        (await share(api, trunk_id, queued), "EVIDENCE_NOT_FOUND"),
        (await share(api, trunk_id, str(UUID(int=1))), "VERIFICATION_NOT_FOUND"),
        (await api.client.delete(f"{path}/{UUID(int=1)}"), "LINK_NOT_FOUND"),
        (await api.client.delete(f"{path}/nonsense"), "LINK_NOT_FOUND"),
        (await api.client.post(path, headers=stranger), "TRUNK_NOT_FOUND"),
        (await api.client.get(path, headers=stranger), "TRUNK_NOT_FOUND"),
        (await api.client.delete(f"{path}/{link}", headers=stranger), "TRUNK_NOT_FOUND"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    for _ in range(MOST_OF_A_RUN - 1):
        await shared(api, (trunk_id, run_id))
    answer = await share(api, trunk_id, run_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "LINK_LIMIT")


@ON_SQLITE
async def test_guessing_ends_after_some(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "OPENED_PER_MINUTE", 3)
    link = (await shared(api, await run_with(api, make_report())))["url"]
    guesses = [await open_link(api, f"{PUBLIC_URL}/r/{'A' * 43}") for _ in range(3)]
    assert {guess.status_code for guess in guesses} == {404}
    refused = await open_link(api, link)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (await api.client.get("/r/style.css")).status_code == 200


@ON_SQLITE
async def test_the_page_shows_the_run_and_nothing_of_the_tenant(api: ApiUnderTest) -> None:
    _, by_tls = await real_reports()
    steps = tuple(
        replace(step, text=step.text.replace("sip:demo@", f"sip:{NUMBER}@")) for step in by_tls.trace
    )
    report = replace(by_tls, trace=steps, target=replace(by_tls.target, username="15551234567"))
    run = await run_with(api, report, name="Secret Project", provider_name="carrier-x")
    url = (await shared(api, run))["url"]
    answer = await open_link(api, url)
    page = answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    for shown in (
        "The trunk works",
        report.summary,
        "155xxxxxx67",
        SHORT,
        f"127.0.0.1:{by_tls.target.port}/tls",
        "issued by",
        "REGISTER sip:",
        "401 Unauthorized (REGISTER)",
        report.started_at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "Call-ID",
    ):
        assert shown in page, shown
    call_ids = {line[9:] for step in steps for line in step.text.split("\n") if line.startswith("Call-ID: ")}
    assert call_ids
    assert all(f"<code>{each}</code>" in page for each in call_ids)
    for hidden in ("acme", "Secret Project", "carrier-x", "demo-password", *run, NUMBER, "15551234567"):
        assert hidden not in page, hidden
    file = await open_link(api, url, "/evidence.pcapng")
    assert len(read_pcapng(file.content)) == 6
    assert NUMBER.encode() not in file.content
    assert SHORT.encode() in file.content


@ON_SQLITE
async def test_what_a_peer_wrote_stays_text(api: ApiUnderTest) -> None:
    by_udp, _ = await real_reports()
    evil = "<script>alert(1)</script>"
    steps = tuple(replace(step, text=step.text + f"X-Evil: {evil}\n") for step in by_udp.trace)
    link = (await shared(api, await run_with(api, replace(by_udp, trace=steps, summary=evil))))["url"]
    page = (await open_link(api, link)).text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@ON_SQLITE
@pytest.mark.parametrize("path", ["", "/evidence.pcapng", "gone"])
async def test_nothing_is_kept_indexed_or_told_elsewhere(api: ApiUnderTest, path: str) -> None:
    link = (await shared(api, await run_with(api, make_report())))["url"]
    answer = await (open_link(api, link[:-1] + "_") if path == "gone" else open_link(api, link, path))
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in answer.headers
    if path != "/evidence.pcapng":
        assert not re.search(r"""\sstyle=|<script|\son\w+=|(?:src|href)=["'](?:https?:)?//""", answer.text)
