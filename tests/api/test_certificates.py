"""When a certificate ends, as every dialect and the metrics tell it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from api.operation import store_metrics
from sipcheck.report.model import Certificate, Report
from tests.api.client import ApiUnderTest
from tests.trunks.forms import STARTED, make_report, with_edge


def certified(*ends: datetime) -> Report:
    report = with_edge(make_report(), 200)
    certificate = Certificate(
        subject="sip.carrier.example",
        issuer="A Root",
        names=("sip.carrier.example",),
        not_after=STARTED,
        days_left=20,
        tls_version="TLSv1.3",
        cipher=None,
        verified=True,
        error=None,
    )
    edges = [replace(report.edges[0], certificate=replace(certificate, not_after=end)) for end in ends]
    return replace(report, edges=(report.edges[0], *edges))


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_the_first_end_is_shown_wherever_the_trunk_is(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_metrics, "_KEEP_SECONDS", 0.0)
    trunk, neighbour = await api.create(), await api.create(name="Another")
    soon, later = STARTED + timedelta(days=10), STARTED + timedelta(days=80)
    for ends, told, within in (
        ((), None, None),
        ((later, soon), "2026-03-11T12:00:00Z", "14"),
        # Nothing seen this time leaves what is known.
        ((), "2026-03-11T12:00:00Z", "14"),
        ((later,), "2026-05-20T12:00:00Z", "more"),
    ):
        assert (await api.verified(trunk["id"], certified(*ends))).json()["success"]
        shown = {each["id"]: each for each in (await api.client.get("/api/v1/sip-trunks")).json()["data"]}
        bolna = (await api.client.get(f"/sip-trunks/trunks/{trunk['id']}")).json()
        autocalls = (await api.client.get("/api/user/phone-numbers/sip-trunks")).json()["data"]
        assert {each["certificate_expires_at"] for each in (*shown.values(), bolna, *autocalls)} == {told}
        assert neighbour["id"] in shown
        metrics = (await api.client.get("/metrics")).text
        for span in ("expired", "1", "7", "14", "30", "more"):
            assert f'trunks_certificates{{within="{span}"}} {float(span == within)}' in metrics
        api.store.clock.advance(60)
