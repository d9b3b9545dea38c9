"""The steps at a carrier check themselves where a test can see them."""

from dataclasses import replace

import pytest

from api.console.checklist import steps_of
from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.report.model import Report
from tests.trunks.forms import make_report
from trunks.catalog.carrier_presets import carrier_presets

PBX, TWILIO = (next(each for each in carrier_presets() if each.id == name) for name in ("pbx", "twilio"))


def failed(reason: Reason, credentials: CredentialState = CredentialState.NOT_TESTED) -> Report:
    report = make_report(Outcome.FAILED, reason, credentials=credentials)
    return replace(report, edges=tuple(replace(edge, sip_status=None) for edge in report.edges))


def test_nothing_is_said_before_a_test() -> None:
    assert {step.done for step in steps_of(TWILIO, None)} == {None}


@pytest.mark.parametrize(
    ("report", "account", "address"),
    [
        (make_report(), True, True),
        (failed(Reason.CREDENTIALS_REJECTED, CredentialState.REJECTED), False, None),
        (failed(Reason.ACCOUNT_NOT_FOUND), False, None),
        (failed(Reason.SIP_FORBIDDEN), None, False),
        (failed(Reason.NO_RESPONSE), None, None),
    ],
)
def test_a_pbx(report: Report, account: bool | None, address: bool | None) -> None:
    assert [step.done for step in steps_of(PBX, report)] == [account, address, None, None]


@pytest.mark.parametrize(
    ("reason", "host"),
    [(Reason.DNS_NXDOMAIN, False), (Reason.TLS_NOT_SPOKEN, False), (Reason.NO_RESPONSE, None)],
)
def test_a_host_that_is_another(reason: Reason, host: bool | None) -> None:
    assert steps_of(TWILIO, failed(reason))[0].done is host
