"""The page of a trunk: what it says, what can be done there, and that it is nobody else's."""

import asyncio
import re
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.console import progress
from sipcheck.reasons import CredentialState, Outcome, Party, Reason
from sipcheck.report.model import Check, CheckName, CheckState, Direction, Report, TraceStep
from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor
from tests.sipcheck.pcapng_reader import read_pcapng
from tests.trunks.forms import PASSWORD, make_report
from tests.trunks.health_watch import HealthWatch
from trunks.catalog.new_trunk import NewNumber
from trunks.installation.settings import Settings
from trunks.runs.live_ladders import LiveStep

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

HOSTILE = '"><script>alert(1)</script>'
EDGE, OURS, THEIRS = "192.0.2.1:5060/udp", "198.51.100.9:5060", "192.0.2.1:5060"
PUBLIC_URL = "https://sip.platform.example"


@pytest.fixture
def store_settings_of_api(request: pytest.FixtureRequest, store_settings: Settings) -> Settings:
    given: dict[str, Any] = getattr(request, "param", {"public_url": PUBLIC_URL})
    return store_settings.model_copy(update=given)


def refused(text: str = "") -> Report:
    """A refused password, with something of the peer's in every place that takes a text."""
    answer = f"SIP/2.0 401 {text}\r\nCSeq: 1 REGISTER\r\nCall-ID: {text}\r\n\r\n"
    report = make_report(
        Outcome.FAILED,
        Reason.CREDENTIALS_REJECTED,
        credentials=CredentialState.REJECTED,
        summary=f"The carrier rejects the password. {text}",
    )
    steps = (
        TraceStep(1.0, EDGE, Direction.EVENT, f"looked up {text}"),
        TraceStep(
            2.0,
            EDGE,
            Direction.SENT,
            f"REGISTER sip:{text} SIP/2.0\r\nCall-ID: {text}\r\n\r\n",
            source=OURS,
            destination=THEIRS,
        ),
        TraceStep(3.0, EDGE, Direction.RECEIVED, answer, source=THEIRS, destination=OURS),
    )
    check = Check(
        CheckName.AUTH, CheckState.FAILED, Reason.CREDENTIALS_REJECTED, f"REGISTER: 401 {text}", None
    )
    return replace(
        report, party=Party.CONFIGURATION, advice=f"Enter it again. {text}", trace=steps, checks=(check,)
    )


async def verified(api: ApiUnderTest, report: Report, **given: Any) -> tuple[UUID, UUID]:
    trunk = api.store.make_trunk(**given)
    run = api.store.installation.runs.requests.request(api.store.caller, trunk.id)
    api.work(report)(run)
    return trunk.id, run


async def test_it_says_what_is_wrong_whose_turn_it_is_and_what_to_do(
    api: ApiUnderTest, visitor: Visitor
) -> None:
    trunk_id, _ = await verified(api, refused())
    api.store.installation.catalog.numbers.add(api.store.caller, trunk_id, NewNumber(number="+14155550123"))
    assert (await visitor.open(f"/console/trunks/{trunk_id}")).status_code == 200
    for said in (
        "The trunk does not work",
        "The carrier rejects the password.",
        "It is your turn: correct the trunk’s settings",
        "Enter it again.",
        "Copy the SIP username and password again from the carrier's mail or portal",
        "refused by the carrier",
        "+14155550123",
        "REGISTER: 401",
        "What to enter at the carrier",
        "There is no health check yet",
    ):
        assert said in visitor.text
    assert PASSWORD not in visitor.page.text


async def test_what_others_write_is_text(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk_id, _ = await verified(api, refused(HOSTILE), name=HOSTILE, provider_name=HOSTILE, username=HOSTILE)
    answer = await visitor.open(f"/console/trunks/{trunk_id}")
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert answer.text.count("&lt;script&gt;") >= 8
    assert len(re.findall("<script", answer.text)) == 3  # ours


@pytest.mark.parametrize("state", ["new", "changed", "well", "degraded", "down", "overtaken"])
async def test_it_stands_in_every_state(api: ApiUnderTest, visitor: Visitor, state: str) -> None:
    if state == "new":
        trunk_id, says = api.store.make_trunk().id, "The trunk is not verified yet"
    else:
        trunk_id, _ = await verified(api, make_report(some_dead=state == "degraded"))
        says = {"degraded": "but not at every address", "well": "The trunk works"}.get(state, "")
    if state == "changed":
        await api.client.patch(f"/api/v1/sip-trunks/{trunk_id}", json={"username": "bob"})
        says = "The trunk was changed, and has to be verified again"
    if state == "overtaken":
        api.store.edit(trunk_id)
        says = "has to be verified again"
    if state == "down":
        watch = HealthWatch(api.store)
        while not api.store.trunk(trunk_id).health_down:
            watch.cycle(alive=False)
        api.store.installation.people.flip_follower.turn()
        says = "Silence: nothing final came back in all the time there was."
    assert (await visitor.open(f"/console/trunks/{trunk_id}")).status_code == 200
    assert says in visitor.text
    if state == "down":
        assert "The carrier does not answer any more" in visitor.text
        assert "Down: the carrier stopped answering" in visitor.text
        assert "checks were answered on" in visitor.text
        assert '<rect class="' in visitor.page.text
        await visitor.open("/console/trunks")
        assert "Silence: nothing final came back" in visitor.text


async def test_verify_now_is_followed_to_its_end(
    api: ApiUnderTest, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk_id = api.store.make_trunk().id
    path = f"/console/trunks/{trunk_id}"
    await visitor.open(path)
    assert (await visitor.send(f"{path}/verify")).headers["location"] == path
    (run,) = api.rung
    await visitor.open(path)
    (follow,) = re.findall(r'sse-connect="([^"]*)"', visitor.page.text)
    assert follow == f"{path}/runs/{run}/progress"
    assert f'action="{path}/verify"' not in visitor.page.text
    telling = asyncio.create_task(visitor.client.get(follow))
    await asyncio.sleep(0)
    api.work(make_report())(run)
    api.app.state.context.waiter.notify(run)
    answer = await telling
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    events = re.findall(r"^event: (\w+)$", answer.text, re.MULTILINE)
    assert events[-1] == "end"
    assert set(events[:-1]) <= {"progress"}
    await visitor.open(path)
    assert "The trunk works" in visitor.text
    assert "sse-connect" not in visitor.page.text


async def test_the_ladder_grows_while_a_run_is_under_way_with_and_without_a_script(
    api: ApiUnderTest, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LONGEST_SECONDS", 0.7)
    trunk_id = api.store.make_trunk().id
    run = api.store.installation.runs.requests.request(api.store.caller, trunk_id)
    claim = api.store.claim(run)
    assert claim is not None
    path = f"/console/trunks/{trunk_id}"
    hostile = LiveStep("a.example", api.store.clock(), Direction.RECEIVED, f"200 {HOSTILE} (REGISTER)")
    asked = LiveStep("a.example", api.store.clock(), Direction.SENT, "REGISTER sip:a.example", proves=True)
    await visitor.open(path)
    assert "so far" not in visitor.text
    api.store.installation.runs.ladders.write({run: [asked, hostile]}, ())
    for shown in (path, f"{path}/runs/{run}/progress"):
        await visitor.open(shown)
        assert "REGISTER sip:a.example, with the password's proof" in visitor.text
        assert "<script>alert" not in visitor.page.text
    # What has not changed is not sent again.
    assert re.findall(r"^event: (\w+)$", visitor.page.text, re.MULTILINE).count("ladder") == 1
    assert api.store.finish(claim, make_report())
    await visitor.open(path)
    assert "so far" not in visitor.text


async def test_a_run_that_nobody_does_is_not_followed_for_ever(
    api: ApiUnderTest, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LONGEST_SECONDS", 0.5)
    trunk_id = api.store.make_trunk().id
    run = api.store.installation.runs.requests.request(api.store.caller, trunk_id)
    answer = await visitor.open(f"/console/trunks/{trunk_id}/runs/{run}/progress")
    assert re.findall(r"^event: (\w+)$", answer.text, re.MULTILINE) == ["progress", "end"]
    assert "Waiting for its turn" in answer.text


async def test_the_evidence_and_a_link_to_it(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk_id, run = await verified(api, refused())
    path = f"/console/trunks/{trunk_id}"
    await visitor.open(path)
    evidence = f"{path}/runs/{run}/evidence.pcapng"
    assert evidence in visitor.page.text
    assert len(read_pcapng((await visitor.client.get(evidence)).content)) == 2
    await visitor.send(f"{path}/runs/{run}/share")
    (link,) = re.findall(rf'data-copy="({PUBLIC_URL}/r/[^"]*)"', visitor.page.text)
    assert (await api.client.get(link.removeprefix(PUBLIC_URL))).status_code == 200
    await visitor.open(path)
    assert link not in visitor.page.text
    (take_back,) = re.findall(r'action="([^"]*/take-back)"', visitor.page.text)
    assert (await visitor.send(take_back)).status_code == 303
    assert (await api.client.get(link.removeprefix(PUBLIC_URL))).status_code == 404


@pytest.mark.parametrize("store_settings_of_api", [{"public_url": None}], indirect=True)
async def test_without_a_public_address_it_says_what_is_missing(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk_id, run = await verified(api, refused())
    await visitor.open(f"/console/trunks/{trunk_id}")
    assert "sets TRUNKS_PUBLIC_URL" in visitor.text
    assert (await visitor.send(f"/console/trunks/{trunk_id}/runs/{run}/share")).status_code == 422
    assert "This platform makes no links" in visitor.text


_PATHS: tuple[tuple[str, str], ...] = (
    ("GET", ""),
    ("POST", "/verify"),
    ("GET", "/runs/{run}/progress"),
    ("GET", "/runs/{run}/evidence.pcapng"),
    ("POST", "/runs/{run}/share"),
    ("POST", "/runs/{run}/links/{run}/take-back"),
    ("POST", "/switch"),
    ("GET", "/edit"),
    ("POST", "/edit"),
    ("GET", "/delete"),
    ("POST", "/delete"),
    ("GET", "/calls"),
    ("POST", "/calls"),
)


async def test_a_trunk_of_others_is_not_there(api: ApiUnderTest) -> None:
    api.store.installation.tenancy.tenants.create_environment("others")
    async with Visitor(api) as other:
        await other.sign_in(other.new_token("others"))
        await other.open("/console/trunks")
        for trunk_id, run in (await verified(api, refused()), (uuid4(), uuid4())):
            for method, path in _PATHS:
                data = {"form_token": other.form_token} if method == "POST" else None
                target = f"/console/trunks/{trunk_id}{path.format(run=run)}"
                answer = await other.client.request(method, target, data=data)
                assert answer.status_code == 404, target
                assert "There is nothing here" in answer.text
    assert not api.rung


async def test_who_is_not_signed_in_is_asked_to(api: ApiUnderTest) -> None:
    trunk_id, run = await verified(api, refused())
    async with Visitor(api) as visitor:
        for method, path in _PATHS:
            target = f"/console/trunks/{trunk_id}{path.format(run=run)}"
            answer = await visitor.client.request(method, target)
            assert answer.status_code == 303, target
            assert answer.headers["location"].startswith("/console/sign-in")


async def test_no_form_from_elsewhere_does_anything(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk_id, run = await verified(api, refused())
    for path in (path for method, path in _PATHS if method == "POST"):
        answer = await visitor.client.post(f"/console/trunks/{trunk_id}{path.format(run=run)}", data={})
        assert answer.status_code == 403, path
    assert not api.rung


async def test_a_token_that_only_reads_is_offered_nothing_else(api: ApiUnderTest) -> None:
    trunk_id, run = await verified(api, refused())
    store = api.store
    token = store.installation.tenancy.tenants.create_token(store.tenant, read_only=True)
    async with Visitor(api) as reader:
        await reader.sign_in(token)
        await reader.open("/console/trunks")
        assert "New trunk" not in reader.text
        path = f"/console/trunks/{trunk_id}"
        await reader.open(path)
        assert "The carrier rejects the password." in reader.text
        for offered in ("Verify now", "Switch", "Make a link"):
            assert offered not in reader.text
        for action in ("verify", "switch", f"runs/{run}/share"):
            await reader.open(path)
            assert (await reader.send(f"{path}/{action}")).status_code == 403
        assert (await reader.client.get(f"{path}/runs/{run}/evidence.pcapng")).status_code == 200
    assert not api.rung


async def test_a_script_whose_session_has_ended_leads_to_the_sign_in_page(api: ApiUnderTest) -> None:
    async with Visitor(api) as visitor:
        answer = await visitor.open("/console/trunks", **{"hx-request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/console/sign-in?next=/console/trunks"
