"""How a trunk stands, to its customer: what is wrong, whose turn it is, and what he does about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.console.reasons import page_of_reason
from api.language.catalogs import marked, translated
from api.language.reports import said_verdict
from api.shared_page.page import HEADLINES
from sipcheck.reasons import Outcome, Party, Reason
from sipcheck.report.rulings import RULINGS
from trunks.catalog.views import TrunkView
from trunks.health.latest_results import LastResult
from trunks.rules.trunk_state import HealthStatus

_TURNS = {
    Party.CARRIER: marked("It is your carrier’s turn."),
    Party.NETWORK: marked("It is the turn of whoever runs the network in between: your carrier first."),
    Party.CONFIGURATION: marked("It is your turn: correct the trunk’s settings, here or at the carrier."),
    Party.OURS: marked("It is our turn: there is nothing that you have to do."),
    Party.NOBODY: "",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind` is an outcome, by which it is coloured; `reason` is None where nothing was found out yet."""

    kind: Outcome
    headline: str
    summary: str
    turn: str
    advice: str
    steps: Sequence[str]
    reason: Reason | None


def verdict_of(view: TrunkView, checked: LastResult | None, party: Party | None) -> Verdict:
    """Say how a trunk stands; `party` is whose turn its last run found that it is."""
    if view.trunk.health_down:
        return _down(checked)
    run = view.last_verification
    if run is None or run.reason is None or run.outcome is None:
        return _unknown(view)
    said = said_verdict(run.sentences, run.summary, run.advice)
    settled = run.outcome is Outcome.VERIFIED and view.trunk.is_verified
    return Verdict(
        kind=run.outcome,
        headline=_headline(view, run.outcome),
        summary=said.summary,
        turn=translated(_TURNS[party or RULINGS[run.reason].party]),
        advice=said.advice,
        steps=() if settled else page_of_reason(run.reason).steps,
        reason=run.reason,
    )


def _headline(view: TrunkView, outcome: Outcome) -> str:
    if outcome is Outcome.VERIFIED and view.trunk.health_status is HealthStatus.DEGRADED:
        return translated("The trunk works, but not at every address of the carrier")
    if outcome is Outcome.INCONCLUSIVE and view.trunk.is_verified:
        return translated("The trunk worked; its last check came to nothing")
    return translated(HEADLINES[outcome])


def _down(checked: LastResult | None) -> Verdict:
    headline = translated("The carrier does not answer any more")
    if checked is None or checked.alive:
        summary = translated("Health checks found the trunk down; the next answers that come bring it back.")
        return Verdict(Outcome.FAILED, headline, summary, "", "", (), None)
    found = page_of_reason(checked.reason)
    answered = (
        translated(" It answered {status}.").format(status=checked.sip_status) if checked.sip_status else ""
    )
    turn = translated(_TURNS[RULINGS[checked.reason].party])
    return Verdict(Outcome.FAILED, headline, found.line + answered, turn, "", found.steps, checked.reason)


def _unknown(view: TrunkView) -> Verdict:
    changed = view.trunk.ever_verified
    return Verdict(
        Outcome.INCONCLUSIVE,
        translated("The trunk was changed, and has to be verified again")
        if changed
        else translated("The trunk is not verified yet"),
        translated("Verify it: that asks the carrier whether it answers, and whether it takes the password."),
        "",
        "",
        (),
        None,
    )
