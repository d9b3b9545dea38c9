"""`sipcheck resolve`: where RFC 3263 leads, as a tree, and what the guard says of each address."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.text import Text
from rich.tree import Tree

from sipcheck.cli.allowances import options_for
from sipcheck.cli.option_groups import with_option_groups
from sipcheck.cli.options import AsInfrastructure, LookupOptions
from sipcheck.cli.output import print_json, speaking
from sipcheck.cli.page import open_page
from sipcheck.cli.signs import STATE_STYLES, Signs
from sipcheck.cli.usage import refuse
from sipcheck.cli.values import read_guard, read_nameservers, read_port, read_timeout
from sipcheck.cli.verify import EXIT_STATUS
from sipcheck.dns.infrastructure_dial import Dial, Way
from sipcheck.dns.resolver import DNS_SECONDS, Resolver
from sipcheck.dns.route import Edge, Route, judge_edge
from sipcheck.errors import CallerError
from sipcheck.failure import Failure
from sipcheck.guard import Guard
from sipcheck.reasons import Outcome
from sipcheck.report.model import CheckState
from sipcheck.report.rulings import ruling
from sipcheck.settings import Infrastructure
from sipcheck.target import HostPort, Target, TransportName, parse_target
from sipcheck.verification.infrastructure_warnings import way_warnings

Judged = Sequence[tuple[Edge, Failure | None]]


@with_option_groups
def resolve(
    *,
    target: Annotated[str, typer.Argument(help="A domain, host name, host:port, or sip:/sips: URI.")],
    transport: Annotated[TransportName | None, typer.Option(help="Force the transport.")] = None,
    port: Annotated[str | None, typer.Option(metavar="N", help="1-65535; then no NAPTR or SRV.")] = None,
    outbound_proxy: Annotated[
        str | None, typer.Option(metavar="HOST[:PORT]", help="Resolve this host in the target's place.")
    ] = None,
    lookup: LookupOptions,
    infrastructure: AsInfrastructure = None,
    timeout: Annotated[
        str, typer.Option(metavar="SECONDS", help="For all questions together.")
    ] = f"{DNS_SECONDS:g}",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the NAPTR, SRV and A/AAAA route of a target; nothing but DNS questions is sent.

    Exit status: 0 every address may be probed, 1 DNS leads nowhere or the guard refuses one, 2 usage error,
    3 DNS could not answer.
    """
    guard = read_guard(lookup.allow_networks, lookup.allow_ports)
    servers = read_nameservers(lookup.nameservers)
    seconds = read_timeout(timeout)
    try:
        parsed = parse_target(
            target, transport=transport, port=read_port(port), outbound_proxy=outbound_proxy
        )
        resolver = Resolver(nameservers=servers, timeout_seconds=seconds)
        route = asyncio.run(_route(resolver, parsed, infrastructure))
    except CallerError as error:
        refuse(str(error))
    judged = [(edge, judge_edge(edge, guard)) for edge in (*route.edges, *route.beyond)]
    with speaking():
        if as_json:
            print_json(_exported(parsed, route, judged, guard))
        else:
            _draw(parsed, route, judged, guard)
    raise typer.Exit(_status(route, judged))


async def _route(resolver: Resolver, target: Target, infrastructure: Infrastructure | None) -> Route:
    route = await resolver.resolve(target)
    if infrastructure is None:
        return route
    return replace(route, dialled=await resolver.dialled(target, route))


def _draw(target: Target, route: Route, judged: Judged, guard: Guard) -> None:
    options = options_for(((edge.address, edge.port) for edge, _ in judged), guard)
    with open_page() as (console, signs):
        console.print(_tree(target, route, judged, signs))
        if options:
            console.print(Text(f"To let what is refused through: {options}"))
        if route.dialled is not None:
            console.print(Text(f"A call would go to: {_said(route.dialled)}"))
        for warning in (*route.warnings, *way_warnings(route, target)):
            console.print(Text(f"! {warning.code}: {warning.detail}", style="yellow"))


def _said(dialled: Dial) -> str:
    match dialled.way:
        case Way.ADDRESS:
            return str(dialled)
        case Way.OWN_HOST:
            return f"the infrastructure's own host, port {dialled.port}"
        case _:
            return "nowhere"


def _status(route: Route, judged: Judged) -> int:
    if route.failure is not None:
        return EXIT_STATUS[ruling(route.failure.reason).outcome]
    return EXIT_STATUS[Outcome.FAILED if any(refusal for _, refusal in judged) else Outcome.VERIFIED]


def _tree(target: Target, route: Route, judged: Judged, signs: Signs) -> Tree:
    """Draw the questions in the order asked, then the edges in the order to try them."""
    tree = Tree(Text(str(HostPort(target.domain, target.port)), style="bold"), guide_style="dim")
    for step in route.steps:
        question = tree.add(
            Text.assemble((f"{step.record_type} ", "cyan"), step.name, (f"  {step.ms:.0f} ms", "dim"))
        )
        if not step.answers:
            question.add(Text(step.fault or step.kind, style="dim"))
        for answer in step.answers:
            question.add(Text(answer))
    failure = route.failure
    if failure is not None:
        mark = signs.marks[CheckState.FAILED]
        tree.add(Text(f"{mark} {failure.reason}: {failure.detail}", style="red"))
        return tree
    edges = tree.add(Text("edges, in the order to try them", style="bold"))
    for edge, refusal in judged:
        edges.add(_edge(edge, refusal, signs))
    return tree


def _edge(edge: Edge, refusal: Failure | None, signs: Signs) -> Text:
    rank = "" if edge.priority is None else f"  priority {edge.priority}, weight {edge.weight}"
    state = CheckState.OK if refusal is None else CheckState.FAILED
    refused = "" if refusal is None else f"  {refusal.reason}: {refusal.detail}"
    mark = signs.marks[state], STATE_STYLES[state]
    return Text.assemble(mark, f" {edge}", (rank, "dim"), (refused, "red"))


def _dialled(dialled: Dial) -> dict[str, Any]:
    return {
        "way": dialled.way,
        "address": dialled.address,
        "port": dialled.port,
        "transport": dialled.transport,
    }


def _exported(target: Target, route: Route, judged: Judged, guard: Guard) -> dict[str, Any]:
    return {
        "domain": target.domain,
        "steps": [
            {
                "name": step.name,
                "type": step.record_type,
                "outcome": step.kind,
                "answers": list(step.answers),
                "ms": step.ms,
            }
            for step in route.steps
        ],
        "failure": None
        if route.failure is None
        else {"reason": route.failure.reason, "detail": route.failure.detail},
        "warnings": [
            {"code": warning.code, "detail": warning.detail}
            for warning in (*route.warnings, *way_warnings(route, target))
        ],
        **({} if route.dialled is None else {"dialled": _dialled(route.dialled)}),
        "edges": [
            {
                "host": edge.host,
                "address": edge.address,
                "port": edge.port,
                "transport": edge.transport,
                "priority": edge.priority,
                "weight": edge.weight,
                "forbidden": None
                if refusal is None
                else {
                    "reason": refusal.reason,
                    "detail": refusal.detail,
                    "options": options_for([(edge.address, edge.port)], guard),
                },
            }
            for edge, refusal in judged
        ],
    }
