"""What `trunkd doctor` shows of calls that the voice infrastructure made to us: what is kept; nobody is called."""

from contextlib import closing
from datetime import datetime

from trunkd.doctor.checks import CheckFailed
from trunks.errors import InstallationFault, StoreUnavailable
from trunks.installation.installation import Installation
from trunks.installation.settings import Settings
from trunks.rules.infrastructure_facts import Answer, Fact, InfrastructureFacts
from trunks.voice.provisioner import ProvisionerName

_ROUTE_TOLD = {
    Answer.YES: "a Route is obeyed",
    Answer.NO: "a Route is ignored",
    Answer.UNKNOWN: "a Route was not treated alike by all calls",
}
_COMMAND = "trunkd infrastructure check"


def calls(settings: Settings) -> str:
    """What was measured last of how calls leave."""
    if settings.provisioner is ProvisionerName.NONE:
        return "not looked at: nothing provisions here."
    try:
        with closing(Installation(settings)) as installation:
            facts = installation.provisions.check_turns.facts()
            addresses = sorted(facts.called_from(installation.clock()))
    except (InstallationFault, StoreUnavailable) as fault:
        raise CheckFailed("the store cannot be asked.", "see the line about the store.") from fault
    if facts.reaches is None:
        return f"not measured; {_COMMAND} does, where the voice infrastructure can call this machine."
    _require_kept(facts)
    told = [_dated(_ROUTE_TOLD[facts.route.answer], facts.route)] if facts.route is not None else []
    if facts.ignores_route:
        raise CheckFailed(
            f"{'; '.join(told)}: no way by Route is taken, outbound proxies have none, and a side that is parked is "
            "called at its address all the same.",
            "close the voice infrastructure's way to private networks, and see why it ignores a Route.",
            harmless=True,
        )
    if addresses:
        told.append(f"they come from at least {', '.join(addresses)}")
    if facts.reaches.answer is not Answer.YES:
        which = "no call" if facts.reaches.answer is Answer.NO else "not every call"
        raise CheckFailed(
            f"{'; '.join([_dated(f'{which} arrived here', facts.reaches), *told])}.",
            f"let UDP from the voice infrastructure through, and run {_COMMAND}.",
            harmless=True,
        )
    return f"{'; '.join(told)}."


def _require_kept(facts: InfrastructureFacts) -> None:
    measured = facts.route_measured
    if measured is not None:
        raise CheckFailed(
            f"a Route was obeyed, and is not any more: {_dated(_ROUTE_TOLD[measured.answer], measured)}. "
            "Ways by Route are left as they are.",
            f"see what changed there; {_COMMAND} --accept lets the other ways be taken.",
            harmless=True,
        )


def _dated(told: str, fact: Fact) -> str:
    return f"{told} ({_day(fact.at)})"


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")
