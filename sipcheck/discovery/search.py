"""Which ways to a carrier answer: one OPTIONS each by udp, tcp and tls, guarded, paced and without credentials."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sipcheck.diagnosis.knocks import count_knocks
from sipcheck.discovery.address_pace import AddressPace, transmissions
from sipcheck.discovery.advice import advise_instead, worded_advice
from sipcheck.discovery.candidates import Candidate, Candidates, FoundBy, find_candidates, next_hop_at
from sipcheck.discovery.findings import Discovery, Finding
from sipcheck.dns.route import Edge
from sipcheck.engine import Engine
from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.phrases.words import phrase
from sipcheck.reasons import Reason
from sipcheck.report.model import Direction, EdgeReport, Report
from sipcheck.report.rulings import ruling
from sipcheck.report.shown import shown
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.target import Target, edge_name
from sipcheck.transaction.run_context import OpenChannel, RunContext
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.transport.channel import Channel
from sipcheck.verification.edge_probe import EdgeProbe, probing
from sipcheck.verification.edge_report import edge_report, unprobed_edge
from sipcheck.verification.identity import Identity
from sipcheck.verification.report_builder import target_facts

# The share of the whole time that one way may take to answer; UDP is not sent again after it
# (docs/design/sip.md, hazard 4).
_ANSWER_SHARE = 0.3

# The reasons for which another port or transport may be the answer.
_IN_THE_WAY = frozenset(
    reason
    for reason in Reason
    if reason.startswith(("dns-", "connection-", "tls-"))
    or reason in (Reason.NO_RESPONSE, Reason.HOST_UNREACHABLE, Reason.SIP_NOT_SPOKEN)
)


async def discover(
    target: Target,
    engine: Engine,
    *,
    also: Sequence[int] = (),
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    after: Report | None = None,
) -> Discovery:
    """Ask every way to the target once, within one deadline; every remote failure is a finding.

    The port and the transport of the target only say which way is the configured one. `also` are further ports,
    tried by every transport. `after` is the report of a verification that has just ended: what it asked is not
    asked again, what it sent counts in the pace, and its user speaks here, too. Raises SettingInvalid for a timeout
    that is not positive.
    """
    # One after the other at a measured pace: not by the batch.
    username = None if after is None else after.target.username
    run = engine.run_context(timeout_seconds, username=username)
    run = replace(run, udp_batch_for=None, plan=TimePlan(timeout_seconds, is_measure=True))
    candidates = await find_candidates(
        target, engine.resolver, engine.settings.guard, also=also, timeout_seconds=run.plan.dns_seconds
    )
    search = _Search(
        target=target, settings=engine.settings, run=run, known=_known(after), paces=_paces(after)
    )
    findings = await search.ask(candidates)
    return shown(
        Discovery(
            target=target_facts(target, None),
            findings=findings,
            failure=candidates.failure or candidates.refusal,
            notes=(*candidates.notes, *_left_out(candidates, findings)),
            knocks=sum(finding.knocks for finding in findings),
            duration_ms=round((timeout_seconds - run.seconds_left) * 1000, 3),
        )
    )


async def with_discovery(
    report: Report,
    target: Target,
    engine: Engine,
    *,
    also: Sequence[int] = (),
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
) -> Report:
    """Put what would work into the advice of a verification that something stood in the way of, and add its knocks.

    Any other report comes back as it is, and nothing is sent. The search has a deadline of its own, and is no
    part of the report's duration. Raises SettingInvalid for a timeout that is not positive.
    """
    if report.reason not in _IN_THE_WAY:
        return report
    discovery = await discover(target, engine, also=also, timeout_seconds=timeout_seconds, after=report)
    advice = advise_instead(discovery, report)
    return shown(
        replace(
            report,
            advice=worded_advice(advice),
            sentences=(*report.sentences[:1], *advice),
            knocks=report.knocks + discovery.knocks,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """One round over all candidates; `known` are edges that were asked before."""

    target: Target
    settings: EngineSettings
    run: RunContext
    known: Mapping[str, EdgeReport]
    paces: dict[str, AddressPace]

    async def ask(self, candidates: Candidates) -> tuple[Finding, ...]:
        if candidates.refusal is not None:
            return tuple(_unasked(candidate) for candidate in candidates.found)
        async with asyncio.TaskGroup() as group:
            # Tasks begin in this order, and so the likelier ways are the first to be given a moment.
            tasks = [group.create_task(self._find(candidate)) for candidate in candidates.found]
        return tuple(task.result() for task in tasks)

    async def _find(self, candidate: Candidate) -> Finding:
        if candidate.refusal is not None:
            return _unasked(candidate)
        known = self.known.get(str(candidate.edge))
        if known is not None:
            return Finding(known, candidate.via, candidate.configured)
        pace = self.paces.setdefault(candidate.edge.address, AddressPace())
        loop = asyncio.get_running_loop()
        reliable = candidate.edge.transport.reliable
        plan = self.run.plan
        listening_seconds = plan.timeout_seconds * _ANSWER_SHARE
        offsets = transmissions(listening_seconds, reliable=reliable)
        if reliable:
            listening_seconds += plan.connect_seconds
        moments = pace.book(loop.time(), offsets)
        if self.run.deadline - moments[0] < plan.fair_chance_seconds:
            pace.release(moments)
            return _unasked(candidate)
        await asyncio.sleep(moments[0] - loop.time())
        run = replace(
            self.run,
            open_channel=_paced(self.run.open_channel, pace, moments),
            deadline=min(moments[0] + listening_seconds, self.run.deadline),
        )
        async with probing([candidate.edge], self._identity(candidate), run) as (probe,):
            await probe.ask_options()
        if not reliable:
            pace.release(moment for moment in moments if moment > loop.time())
        report = edge_report(probe, probe.evidence)
        knocks = count_knocks(Reason.ALIVE, [probe.evidence])
        return Finding(report, candidate.via, candidate.configured, _detail(probe), knocks)

    def _identity(self, candidate: Candidate) -> Identity:
        """Speak as a trunk would that is set to this way."""
        edge, target = candidate.edge, self.target
        if not candidate.configured:
            by_default = candidate.via is FoundBy.SRV or edge.port == edge.transport.default_port
            target = next_hop_at(target, None if by_default else edge.port)
        return Identity.of(target, self.settings, self.run.username)


def _paced(open_channel: OpenChannel, pace: AddressPace, moments: tuple[float, ...]) -> OpenChannel:
    """Connect at the moment booked; what a connection took puts its request off, so that is booked anew."""

    async def open_in_pace(edge: Edge, tls_name: str, deadline_at: float) -> Channel:
        channel = await open_channel(edge, tls_name, deadline_at)
        if not channel.reliable:
            return channel
        loop = asyncio.get_running_loop()
        pace.release(moments)
        (moment,) = pace.book(loop.time())
        try:
            if moment >= deadline_at:
                pace.release([moment])
                raise TransportFailed(Failure.of(Reason.DEADLINE_EXCEEDED, "connection.paced"))
            await asyncio.sleep(moment - loop.time())
        except BaseException:
            await channel.close()
            raise
        return channel

    return open_in_pace


def _unasked(candidate: Candidate) -> Finding:
    report = unprobed_edge(candidate.edge)
    refusal = candidate.refusal
    if refusal is None:
        return Finding(report, candidate.via, candidate.configured)
    refused = replace(report, outcome=ruling(refusal.reason).outcome, reason=refusal.reason)
    return Finding(refused, candidate.via, candidate.configured, refusal.detail)


def _detail(probe: EdgeProbe) -> str:
    if probe.connection.failure is not None:
        return probe.connection.failure.detail
    said = probe.options.explanation if probe.options is not None else None
    return "" if said is None else phrase(said)


def _left_out(candidates: Candidates, findings: Sequence[Finding]) -> tuple[str, ...]:
    """Say that ways were not asked for want of time, not of permission."""
    count = sum(finding.report.outcome is None for finding in findings)
    if candidates.refusal is not None or not count:
        return ()
    return (
        f"{count} way{'' if count == 1 else 's'} could not be tried in time, since requests to one address are "
        "paced; allow more time",
    )


def _known(report: Report | None) -> dict[str, EdgeReport]:
    if report is None:
        return {}
    return {
        edge_name(each.address, each.port, each.transport): each
        for each in report.edges
        if each.outcome is not None
    }


def _paces(report: Report | None) -> dict[str, AddressPace]:
    """Start each address's pace with what the verification has sent there."""
    if report is None:
        return {}
    ended_ago = (datetime.now(UTC) - report.started_at).total_seconds()
    began_at = asyncio.get_running_loop().time() - ended_ago
    sent_at: dict[str, list[float]] = {each.address: [] for each in report.edges}
    address_of = {name: each.address for name, each in _known(report).items()}
    for step in report.trace:
        if step.direction is Direction.SENT and step.edge in address_of:
            sent_at[address_of[step.edge]].append(began_at + step.at_ms / 1000)
    return {address: AddressPace(moments) for address, moments in sent_at.items()}
