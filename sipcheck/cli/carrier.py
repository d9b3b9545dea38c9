"""`sipcheck carrier`: a practice carrier on loopback, with named faults."""

import asyncio
import contextlib
import difflib
import shlex
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from sipcheck.carrier.behaviours import CallBehaviour, NumberForm
from sipcheck.carrier.calls import CallEnd
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.likeness import Likeness
from sipcheck.carrier.listening import CarrierUnusable
from sipcheck.carrier.server import DEMO_USERS, PracticeCarrier
from sipcheck.carrier.sighting import Sighting
from sipcheck.cli.password import read_password
from sipcheck.cli.report_file import read_report_file
from sipcheck.cli.usage import refuse
from sipcheck.guard import Guard
from sipcheck.target import HostPort, TransportName, edge_name

Named = TypeVar("Named", Fault, CallBehaviour)

_PASSWORD_VARIABLE = "PRACTICE_PASSWORD"  # noqa: S105 - the variable's name


def carrier(
    host: Annotated[
        str, typer.Option(help="Where to listen: an address of 127.0.0.0/8, or ::1.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="For UDP and TCP; 0 is any free one.")] = 5060,
    tls_port: Annotated[int, typer.Option(help="For TLS; 0 is any free one.")] = 5061,
    user: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:PASSWORD",
            help="Repeatable. A password for practice, visible to `ps`: never a real one. "
            "[default: demo:demo-password]",
        ),
    ] = None,
    realm: Annotated[str, typer.Option(help="What the challenges name.")] = "practice.example",
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Repeatable; see --list-faults.")
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Answer as the carrier of this report did (verify --json)."),
    ] = None,
    password_env: Annotated[
        str | None,
        typer.Option(
            metavar="VAR", help="With --like: the right password is in this variable.", show_default="any is"
        ),
    ] = None,
    calls: Annotated[
        str, typer.Option(metavar="NAME", help="What becomes of calls; see --list-calls.")
    ] = CallBehaviour.ECHO,
    number_form: Annotated[
        NumberForm | None,
        typer.Option(help="How called numbers have to be written; in another form nobody has them (404)."),
    ] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Name the faults and end.")] = False,
    list_calls: Annotated[
        bool, typer.Option("--list-calls", help="Name what can become of calls, and end.")
    ] = False,
) -> None:
    """Run a practice carrier on loopback: a registrar that takes calls, over UDP, TCP and TLS, with named faults."""
    if list_faults or list_calls:
        for each in Fault if list_faults else CallBehaviour:
            typer.echo(
                f"{each:<{max(map(len, Fault if list_faults else CallBehaviour))}}  {each.description}"
            )
        return
    likeness = _likeness(like, password_env, user or fault)
    users = dict(_user(text) for text in user) if user else dict(DEMO_USERS)
    faults = [_named(Fault, name, "fault", "--list-faults") for name in fault or ()]
    behaviour = _named(CallBehaviour, calls, "behaviour for calls", "--list-calls")
    sightings: asyncio.Queue[Sighting | CallEnd | None] = asyncio.Queue()
    try:
        practice = PracticeCarrier(
            host=host,
            port=port,
            tls_port=tls_port,
            users=users,
            realm=realm,
            faults=faults,
            like=likeness,
            calls=behaviour,
            number_form=number_form,
            on_request=sightings.put_nowait,
            on_call_end=sightings.put_nowait,
        )
        introduction = (
            partial(_introduction, practice, users, faults, behaviour)
            if likeness is None
            else partial(_introduction_of_likeness, practice, likeness, password_env)
        )
        # Where the loop takes no signals (Windows), Ctrl-C arrives as this.
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(practice, introduction, sightings))
    except CarrierUnusable as error:
        refuse(str(error))


async def _serve(
    practice: PracticeCarrier,
    introduction: Callable[[], Iterator[str]],
    sightings: "asyncio.Queue[Sighting | CallEnd | None]",
) -> None:
    """Tell of every request, and of calls that have ended, until a signal puts the end into the queue."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, sightings.put_nowait, None)
    async with practice:
        for line in introduction():
            typer.echo(line)
        while (sighting := await sightings.get()) is not None:
            typer.echo(str(sighting))


def _introduction(
    practice: PracticeCarrier, users: dict[str, str], faults: Sequence[Fault], behaviour: CallBehaviour
) -> Iterator[str]:
    ports = _ports(practice)
    where = ", ".join(f"{transport} {port}" for transport, port in ports)
    yield f"The practice carrier listens on {practice.host}: {where}. Ctrl-C ends it."
    yield f"Faults: {', '.join(faults) or 'none'}."
    yield f"Calls: {behaviour} ({behaviour.description}). Try it from another terminal:"
    for transport, port in ports:
        name, password = next(iter(users.items()))
        line = _try_line(practice, transport, port, name, _PASSWORD_VARIABLE)
        yield f"  {_PASSWORD_VARIABLE}={shlex.quote(password)} {line}"


def _introduction_of_likeness(
    practice: PracticeCarrier, likeness: Likeness, password_variable: str | None
) -> Iterator[str]:
    report, edge = likeness.report, likeness.edge
    asked = edge_name(edge.address, edge.port, edge.transport)
    where = ", ".join(f"{transport} {port}" for transport, port in _ports(practice))
    yield f"A carrier like {asked} of {report.target.domain} listens on {practice.host}: {where}. Ctrl-C ends it."
    yield f"There it came to {report.outcome}, {report.reason}; its password is {_told(password_variable)}."
    yield "Try it from another terminal:"
    by_transport = dict(_ports(practice))
    transport = TransportName(edge.transport)
    yield f"  {_try_line(practice, transport, by_transport[transport], report.target.username, password_variable)}"


def _told(password_variable: str | None) -> str:
    return "whatever comes" if password_variable is None else f"in {password_variable}"


def _likeness(file: Path | None, password_variable: str | None, others: list[str] | None) -> Likeness | None:
    if file is None:
        if password_variable is not None:
            refuse("--password-env goes with --like; a practice carrier's own password is given with --user")
        return None
    if others:
        refuse("--like takes users and faults from the report; leave --user and --fault out")
    password = read_password(variable=password_variable, file=None, from_stdin=False)
    report = read_report_file("--like", file)
    try:
        return Likeness(report, password)
    except CarrierUnusable as error:
        refuse(f"--like {str(file)!r}: {error}")


def _ports(practice: PracticeCarrier) -> list[tuple[TransportName, int]]:
    found = (
        (TransportName.UDP, practice.udp_port),
        (TransportName.TCP, practice.tcp_port),
        (TransportName.TLS, practice.tls_port),
    )
    return [(transport, port) for transport, port in found if port is not None]


def _try_line(
    practice: PracticeCarrier,
    transport: TransportName,
    port: int,
    username: str | None,
    password_variable: str | None,
) -> str:
    """Write a command for a shell that verifies the carrier; the password is in the variable that is named."""
    network = "127.0.0.0/8" if ip_address(practice.host).version == 4 else "::1/128"
    target = f"sip:{HostPort(practice.host, port)};transport={transport}"
    command = ["sipcheck", "verify", target]
    if username is not None:
        command += ["--username", username, "--password-env", password_variable or _PASSWORD_VARIABLE]
    command += ["--allow-network", network]
    if Guard().judge_port(port) is not None:
        command += ["--allow-port", str(port)]
    if transport is TransportName.TLS:
        command += ["--ca-file", str(practice.ca_file)]
    any_password = username is not None and password_variable is None
    return f"{_PASSWORD_VARIABLE}=any " * any_password + shlex.join(command)


def _user(text: str) -> tuple[str, str]:
    name, colon, password = text.partition(":")
    if not name or not colon or not password:
        refuse("A --user is written NAME:PASSWORD, such as demo:demo-password.")
    return name, password


def _named(kind: type[Named], name: str, what: str, list_option: str) -> Named:
    try:
        return kind(name)
    except ValueError:
        near = difflib.get_close_matches(name, list(kind), n=3)
        meant = f"did you mean {' or '.join(near)}?" if near else f"{list_option} names them all."
        refuse(f"There is no {what} {name!r}; {meant}")
