"""OPTIONS once more, as calls would carry it: does an edge answer that as it answers without?"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from sipcheck.diagnosis.evidence import EdgeEvidence, ExchangeResult
from sipcheck.diagnosis.knocks import count_knocks
from sipcheck.dns.infrastructure_dial import Dial
from sipcheck.message.uri import SipUri
from sipcheck.report.model import Report
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.transaction.run_context import RunContext
from sipcheck.verification.call_form import CallForm, FormAnswer
from sipcheck.verification.edge_probe import EdgeProbe

# A peer that drops what it does not like is waited for so long: three sendings over UDP.
FORM_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class FormQuestions:
    """`wanted` is awaited with a report, before it is given, and where the voice infrastructure would send calls; it
    gives, for each edge, forms of which the first that holds is enough. `heard` gets what came of them.
    """

    wanted: Callable[[Report, Dial | None], Awaitable[Sequence[Sequence[CallForm]]]]
    heard: Callable[[Sequence[FormAnswer]], None]


async def ask_forms(
    report: Report,
    probes: Sequence[EdgeProbe],
    questions: FormQuestions,
    dialled: Dial | None,
    run: RunContext,
) -> Report:
    """Ask what is wanted over the connections that stand, and put it into the report: its trace and its knocks."""
    asking = await ask_each(probes, await questions.wanted(report, dialled), run)
    if not asking:
        return report
    questions.heard([answer for each in asking for answer in each.answers])
    knocks = {each.probe.name: each.knocks(report) for each in asking}
    edges = tuple(
        replace(edge, knocks=edge.knocks + knocks.get(probe.name, 0))
        for edge, probe in zip(report.edges, probes, strict=False)
    )
    return replace(
        report,
        trace=run.trace.steps,
        knocks=report.knocks + sum(knocks.values()),
        edges=(*edges, *report.edges[len(edges) :]),
    )


async def ask_each(
    probes: Sequence[EdgeProbe], wanted: Sequence[Sequence[CallForm]], run: RunContext
) -> Sequence["AskedEdge"]:
    """Ask the forms of each edge over the connections that stand."""
    by_name = {probe.name: probe for probe in probes}
    asking = [AskedEdge(by_name[forms[0].edge], run) for forms in wanted]
    await asyncio.gather(*(each.ask(forms) for each, forms in zip(asking, wanted, strict=True)))
    return asking


class AskedEdge:
    """One edge: a form after the other, until one holds."""

    def __init__(self, probe: EdgeProbe, run: RunContext) -> None:
        self.probe = probe
        self._run = run
        self._exchanges: list[ExchangeResult] = []
        self.answers: list[FormAnswer] = []

    async def ask(self, forms: Sequence[CallForm]) -> None:
        plainly = self.probe.options
        if plainly is None:
            return
        for form in forms:
            came = await self._ask_one(form)
            if came is None:
                return
            same = same_answer(plainly, came)
            self.answers.append(FormAnswer(form, same, silent=came.silent, said=_said(came)))
            if same:
                return

    @property
    def sent(self) -> int:
        """How many requests it took, retransmissions among them."""
        return sum(1 + each.retransmissions for each in self._exchanges)

    async def _ask_one(self, form: CallForm) -> ExchangeResult | None:
        until = asyncio.get_running_loop().time() + FORM_SECONDS
        run = replace(self._run, deadline=min(self._run.deadline, until))
        self._run.trace.event(self.probe.name, "asked once more, as calls would be sent")
        came = await self.probe.ask_otherwise(lambda template: in_form(template, form), run)
        if came is not None:
            self._exchanges.append(came)
        return came

    def knocks(self, report: Report) -> int:
        return count_knocks(report.reason, [EdgeEvidence(options=each) for each in self._exchanges])


def in_form(template: RequestTemplate, form: CallForm) -> RequestTemplate:
    """Write a request as calls would carry it; a Route of its own is replaced."""
    if form.host is not None:
        host, port = form.host.host, form.host.port
        template = replace(
            template,
            request_uri=str(SipUri(secure=False, user=None, host=host, port=port)),
            to_uri=str(SipUri(secure=False, user=None, host=host, port=None)),
        )
    return template if form.route is None else replace(template, route=form.route)


def same_answer(plainly: ExchangeResult, came: ExchangeResult) -> bool:
    """Whether two answers say the same: both a success, or the same refusal, with the same scheme in its challenge.

    A 403 where there was a 404 is none: that is how a proxy refuses a Route.
    """
    if plainly.status is None or came.status is None or not plainly.alive:
        return False
    if plainly.succeeded and came.succeeded:
        return True
    return plainly.status == came.status and _scheme(plainly) == _scheme(came)


def _scheme(exchange: ExchangeResult) -> str:
    values = next(filter(None, exchange.challenges), ("",))
    return values[0].partition(" ")[0].lower()


def _said(exchange: ExchangeResult) -> str:
    return exchange.answer or "no answer"
