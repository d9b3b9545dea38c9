"""From what a run saw to its report."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sipcheck.diagnosis.causes import cause_of, telling_exchange
from sipcheck.diagnosis.details import worded
from sipcheck.diagnosis.evidence import EdgeEvidence, ExchangeResult
from sipcheck.diagnosis.knocks import count_knocks
from sipcheck.diagnosis.redirection import read_redirection
from sipcheck.diagnosis.rules import credential_state, deciding_edge, diagnose
from sipcheck.diagnosis.sentences import (
    IN_MINUTES,
    NOTHING,
    OUR_ADDRESS,
    THE_REQUEST,
    Facts,
    render,
    sentences,
)
from sipcheck.dns.route import Route
from sipcheck.failure import Failure
from sipcheck.phrases.sentence import Parameter, Sentence
from sipcheck.reasons import Cause, CredentialState, Reason
from sipcheck.report.checks import failing_axis, make_checks
from sipcheck.report.model import CheckName, EdgeReport, Report, ReportWarning, TargetFacts
from sipcheck.report.rulings import ruling
from sipcheck.settings import EngineSettings
from sipcheck.target import HostPort, Target, TransportName
from sipcheck.transaction.run_context import RunContext
from sipcheck.verification.check_details import (
    check_details,
    check_times_ms,
    described,
    detail_of,
    explain,
    failed,
    route_detail,
    target_detail,
)
from sipcheck.verification.edge_probe import EdgeProbe
from sipcheck.verification.edge_report import edge_report, unprobed_edge
from sipcheck.verification.infrastructure_warnings import answer_warnings, way_warnings
from sipcheck.verification.warnings import edge_warnings, route_warnings


def target_facts(target: Target, username: str | None) -> TargetFacts:
    """Describe a target in the report's shape, without any secret."""
    return TargetFacts(
        domain=target.domain,
        port=target.port,
        transport=target.transport,
        username=username,
        outbound_proxy=str(target.outbound_proxy) if target.outbound_proxy else None,
    )


class ReportBuilder:
    """Gathers the facts of one run; `unreached` or `probed` ends it."""

    def __init__(
        self, *, target: Target, settings: EngineSettings, run: RunContext, started_at: datetime
    ) -> None:
        self._target = target
        self._settings = settings
        self._run = run
        self._started_at = started_at
        self._route = Route()
        self._details: dict[CheckName, Sequence[Sentence]] = {CheckName.TARGET: [target_detail(target)]}
        self._times_ms: dict[CheckName, float] = {}
        self._skipped: set[CheckName] = set()

    def resolved(self, route: Route) -> None:
        """Take in the route, and put its questions into the trace."""
        self._route = route
        for step in route.steps:
            answer = ", ".join(step.answers) or step.fault or step.kind
            self._run.trace.event(None, f"DNS {step.record_type} {step.name}: {answer}")
        self._details[CheckName.DNS] = [route_detail(route)]
        if route.steps:
            self._times_ms[CheckName.DNS] = self._run.trace.elapsed_ms()
        else:
            self._skipped.add(CheckName.DNS)

    def unreached(self, failure: Failure) -> Report:
        """End a run that reached no edge."""
        edges = tuple(unprobed_edge(edge) for edge in self._route.edges)
        return self._report(
            failure.reason,
            CredentialState.NOT_TESTED,
            cause=failure.cause,
            warnings=(*self._route.warnings, *way_warnings(self._route, self._target)),
            edges=edges,
            facts=self._facts(where=self._target.domain, detail=failure.sentence),
            explanation=failed(failure.sentence),
            # Want of a socket may meet the question to DNS as well as the connection.
            axis=CheckName.DNS if failure.reason is Reason.OVERLOADED else None,
        )

    def probed(self, probes: Sequence[EdgeProbe], *, shared_knocks: int = 0) -> Report:
        """End a run by the edge that decides; `shared_knocks` are those of what was taken over."""
        evidence = [probe.evidence for probe in probes]
        decisive = deciding_edge(evidence)
        probe, seen = probes[decisive], evidence[decisive]
        reason = diagnose(seen)
        cause = cause_of(reason, seen)
        doubt = None if any(map(_answered, evidence)) else probe.edge.instead_of
        if doubt is not None:
            reason, cause = doubt.reason, doubt.cause
        exchange = telling_exchange(reason, seen)
        some_alive = any(each.alive for each in evidence)
        warnings = (
            *self._route.warnings,
            *route_warnings(self._route, len(probes)),
            *(
                warning
                for each, found in zip(probes, evidence, strict=True)
                for warning in edge_warnings(each, found, some_alive=some_alive, decides=each is probe)
            ),
            *self._infrastructure_warnings(probes),
        )
        own = [each.own(found) for each, found in zip(probes, evidence, strict=True)]
        edges = (
            *(
                edge_report(each, found, knocks=count_knocks(reason, (asked,)))
                for each, found, asked in zip(probes, evidence, own, strict=True)
            ),
            *(unprobed_edge(edge) for edge in self._route.edges[len(probes) :]),
        )
        self._times_ms |= check_times_ms(probe, seen)
        judged = len({edge.address for edge in self._route.edges})
        self._details[CheckName.ADDRESS] = [Sentence.of("check.address", count=judged)]
        self._details |= check_details(probe, seen)
        if probe.edge.transport is not TransportName.TLS:
            self._skipped.add(CheckName.TLS)
        explanation = explain(probe, exchange, reason, cause) if doubt is None else failed(doubt.sentence)
        facts = self._facts(
            where=probe.name,
            host=probe.edge.host,
            detail=detail_of(explanation),
            transport=TransportName.TCP if exchange and exchange.by_tcp else probe.edge.transport,
            exchange=exchange,
            local=exchange.local_address if exchange else None,
            contacts=read_redirection(exchange, seen.asked).contacts,
        )
        if reason is Reason.TLS_NAME_MISMATCH:
            facts = self._naming_what_had_to_fit(facts, probe)
        return self._report(
            reason,
            credential_state(reason, evidence),
            cause=cause,
            knocks=shared_knocks + count_knocks(reason, own),
            warnings=warnings,
            edges=edges,
            facts=facts,
            explanation=explanation,
            retry_after_seconds=_retry_after(exchange),
            axis=failing_axis(reason, sip_seen=seen.alive or any(each.challenged for each in seen.exchanges)),
            decisive=probe.name,
        )

    def _naming_what_had_to_fit(self, facts: Facts, probe: EdgeProbe) -> Facts:
        """Behind an outbound proxy its name has to fit; a server that is to be entered is named with its port."""
        proxy, edge = self._target.outbound_proxy, probe.edge
        port = None if edge.port == edge.transport.default_port else edge.port
        name = facts.domain if proxy is None else proxy.host
        return replace(facts, domain=name, host=str(HostPort(edge.host, port)))

    def _infrastructure_warnings(self, probes: Sequence[EdgeProbe]) -> Iterator[ReportWarning]:
        if self._settings.infrastructure is not None:
            yield from way_warnings(self._route, self._target, probes)
            yield from answer_warnings(probes)

    def _facts(
        self,
        *,
        where: str,
        detail: Parameter,
        host: str = "",
        transport: TransportName | None = None,
        exchange: ExchangeResult | None = None,
        local: str | None = None,
        contacts: Parameter = "",
    ) -> Facts:
        retry = _retry_after(exchange)
        return Facts(
            domain=self._target.domain,
            where=where,
            host=host,
            transport=(transport or self._target.transport or "SIP").upper(),
            method=exchange.method if exchange else THE_REQUEST,
            answer=described(exchange) if exchange else NOTHING,
            username=self._run.username or "",
            our_address=self._our_address(local),
            detail=detail,
            seconds=f"{self._run.plan.timeout_seconds:g}",
            retry=Sentence.of("fact.retry", wait=_seconds(retry)) if retry else "",
            again=Sentence.of("fact.after-wait", wait=_seconds(retry)) if retry else IN_MINUTES,
            contacts=contacts,
        )

    def _our_address(self, local: str | None) -> Parameter:
        """The address that advice prints for allow-lists (docs/design/sip.md, hazard 8)."""
        if self._settings.advertised_address is not None:
            return self._settings.advertised_address
        if self._settings.source_address is not None:
            return self._settings.source_address
        return local.rpartition(":")[0].strip("[]") if local else OUR_ADDRESS

    def _report(
        self,
        reason: Reason,
        credentials: CredentialState,
        *,
        cause: Cause | None,
        warnings: Sequence[ReportWarning],
        edges: tuple[EdgeReport, ...],
        facts: Facts,
        explanation: Sentence | None,
        knocks: int = 0,
        retry_after_seconds: int | None = None,
        axis: CheckName | None = None,
        decisive: str | None = None,
    ) -> Report:
        run = self._run
        verdict = ruling(reason, cause, realm_learned=run.realms_learned)
        said = sentences(reason, cause, facts)
        summary, advice = map(render, said)
        duration_ms = run.trace.elapsed_ms()
        finished_at = self._started_at + timedelta(milliseconds=duration_ms)
        retry_at = finished_at + timedelta(seconds=retry_after_seconds) if retry_after_seconds else None
        return Report(
            outcome=verdict.outcome,
            reason=reason,
            cause=cause,
            party=verdict.party,
            credentials=credentials,
            summary=summary,
            advice=advice,
            retry_at=retry_at,
            target=target_facts(self._target, run.username),
            checks=make_checks(
                reason,
                verdict.outcome,
                axis=axis,
                warnings=warnings,
                decisive=decisive,
                details=self._details,
                explanation=() if explanation is None else (explanation,),
                word=worded,
                skipped=frozenset(self._skipped),
                times_ms=self._times_ms,
            ),
            warnings=tuple(warnings),
            edges=edges,
            trace=run.trace.steps,
            knocks=knocks,
            started_at=self._started_at,
            duration_ms=round(duration_ms, 3),
            sentences=said,
        )


def _seconds(count: int) -> Sentence:
    return Sentence.of("fact.seconds.one" if count == 1 else "fact.seconds.several", count=count)


def _answered(evidence: EdgeEvidence) -> bool:
    return any(exchange.status is not None for exchange in evidence.exchanges)


def _retry_after(exchange: ExchangeResult | None) -> int | None:
    """How long the carrier asks to wait, where it did not give us what we asked for."""
    return (
        None if exchange is None or exchange.accepted or exchange.succeeded else exchange.retry_after_seconds
    )
