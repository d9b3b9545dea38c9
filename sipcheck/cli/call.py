"""`sipcheck call`: one test call, what became of it, one exit status."""

import asyncio
import math
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, TypeVar

import typer

from sipcheck.cli.call_drawing import draw_call
from sipcheck.cli.option_groups import with_option_groups
from sipcheck.cli.options import CredentialOptions, EngineOptions, SourceAddress, TargetText, WayOptions
from sipcheck.cli.output import print_json, speaking
from sipcheck.cli.usage import ending_the_command, refuse
from sipcheck.credentials import Credentials
from sipcheck.engine import Engine
from sipcheck.errors import CallerError
from sipcheck.media.codec import DEFAULT_CODECS, Codec
from sipcheck.media.sockets import DEFAULT_PORTS, PortRange
from sipcheck.media.srtp import require_srtp
from sipcheck.reasons import CallVerdict
from sipcheck.report.call_report import CallReport
from sipcheck.report.json_export import to_json
from sipcheck.settings import EngineSettings
from sipcheck.target import Target
from sipcheck.verification.calling.numbers import NumberFormat, read_caller, read_number, write_number
from sipcheck.verification.calling.options import (
    DEFAULT_RING_SECONDS,
    DEFAULT_TALK_SECONDS,
    MOST_RING_SECONDS,
    MOST_TALK_SECONDS,
    CallIdentity,
    CallOptions,
)


class MediaEncryption(StrEnum):
    """How media is offered; the names are the trunks'."""

    NONE = "none"
    SDES = "sdes"


Choice = TypeVar("Choice", NumberFormat, CallIdentity)

_AUTO = "auto"

EXIT_STATUS = {
    CallVerdict.ANSWERED: 0,
    CallVerdict.RANG: 0,
    CallVerdict.REFUSED: 1,
    CallVerdict.FAILED: 1,
    CallVerdict.INCONCLUSIVE: 3,
}


@with_option_groups
def call(
    *,
    target: TargetText,
    to: Annotated[
        str, typer.Option("--to", metavar="NUMBER", help="Whom to call: +4930123456. It rings there.")
    ],
    caller: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="NUMBER", help="Who calls: a number of the trunk.", show_default="--username"
        ),
    ] = None,
    number_format: Annotated[
        str,
        typer.Option(
            "--format",
            help="How the number is written: +e164, e164, national; auto tries each, and hangs up on ringing.",
        ),
    ] = NumberFormat.PLUS_E164,
    identity: Annotated[
        str,
        typer.Option(
            help="Who stands in From: number, username; auto tries the second where the first is forbidden."
        ),
    ] = CallIdentity.NUMBER,
    ring: Annotated[
        str, typer.Option(metavar="SECONDS", help="How long it may ring.")
    ] = f"{DEFAULT_RING_SECONDS:g}",
    talk: Annotated[
        str, typer.Option(metavar="SECONDS", help="How long to talk and listen once it is answered.")
    ] = f"{DEFAULT_TALK_SECONDS:g}",
    codec: Annotated[str, typer.Option(metavar="NAMES", help="What to offer, in this order.")] = ",".join(
        DEFAULT_CODECS
    ),
    rtp_ports: Annotated[str, typer.Option(metavar="A-B", help="Where sound is awaited.")] = str(
        DEFAULT_PORTS
    ),
    media_address: Annotated[
        str | None,
        typer.Option(metavar="IP", help="By which the carrier reaches this machine.", show_default="our own"),
    ] = None,
    media_encryption: Annotated[
        MediaEncryption,
        typer.Option(help="sdes offers SRTP, by the extra srtp."),
    ] = MediaEncryption.NONE,
    way: WayOptions,
    credentials: CredentialOptions,
    checking: EngineOptions,
    source_address: SourceAddress = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Make one test call, listen, hang up, and say what became of it. The telephone rings.

    Exit status: 0 answered or rang, 1 refused or failed, 2 usage error, 3 inconclusive.
    """
    settings = checking.settings(source_address)
    way.check()
    given = credentials.read()
    try:
        options = CallOptions(
            number=read_number(to),
            caller=None if caller is None else read_caller(caller),
            format=None if number_format == _AUTO else _chosen(NumberFormat, "--format", number_format),
            identity=None if identity == _AUTO else _chosen(CallIdentity, "--identity", identity),
            ring_seconds=_seconds("--ring", ring, MOST_RING_SECONDS),
            talk_seconds=_seconds("--talk", talk, MOST_TALK_SECONDS),
            codecs=_codecs(codec),
            ports=PortRange.parse(rtp_ports),
            media_address=None if media_address is None else _address(media_address),
            sdes=media_encryption is MediaEncryption.SDES,
        )
        if options.sdes:
            require_srtp()
        if options.format is not None:
            _refuse_form(options.number, options.format)
        if options.identity is CallIdentity.USERNAME and given is None:
            refuse("--identity username needs a username; add --username and a password source")
        parsed = way.read(target)
    except CallerError as error:
        refuse(str(error))
    with ending_the_command():
        report = asyncio.run(_call(parsed, settings, given, options))
    with speaking():
        if as_json:
            print_json(to_json(report))
        else:
            draw_call(report)
    raise typer.Exit(EXIT_STATUS[report.outcome])


async def _call(
    target: Target, settings: EngineSettings, credentials: Credentials | None, options: CallOptions
) -> CallReport:
    """Call; a signal ends the call before it ends the program."""
    async with Engine(settings) as engine:
        return await engine.call(target, options, credentials=credentials)


def _refuse_form(number: str, form: NumberFormat) -> None:
    refusal = write_number(number, form).refusal
    if refusal is not None:
        raise refusal


def _chosen(kind: type[Choice], option: str, text: str) -> Choice:
    try:
        return kind(text)
    except ValueError:
        refuse(f"{option} {text!r} is none; give {', '.join(kind)} or {_AUTO}")


def _seconds(option: str, text: str, most: float) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= most:
        refuse(f"{option} {text!r} cannot be used; give a number of seconds up to {most:g}")
    return seconds


def _codecs(text: str) -> tuple[Codec, ...]:
    names = [each.strip().lower() for each in text.split(",")]
    if not all(each in set(Codec) for each in names) or len(set(names)) != len(names):
        refuse(
            f"--codec {text!r} cannot be used; give {' and '.join(Codec)}, or one of them, with a comma between"
        )
    return tuple(map(Codec, names))


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        refuse(
            f"--media-address {text!r} is no IP address; give the one by which the carrier reaches this machine"
        )
