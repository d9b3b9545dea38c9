"""`sipcheck verify`: one trunk, one report, one exit status."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sipcheck.cli.drawing import draw_report
from sipcheck.cli.options import AllowNetworks, AllowPorts, CaFile, Nameservers, SourceAddress, TlsStrict
from sipcheck.cli.output import speaking
from sipcheck.cli.password import read_password
from sipcheck.cli.usage import USAGE_STATUS, refuse
from sipcheck.cli.values import check_outbound_proxy, read_port, read_settings, read_timeout
from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.discovery.search import with_discovery
from sipcheck.engine import Engine
from sipcheck.errors import CallerError, TargetInvalid
from sipcheck.reasons import Outcome, Reason
from sipcheck.report.json_export import report_to_json
from sipcheck.report.model import Report
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.target import Target, TransportName, parse_target
from sipcheck.verification.report_without_run import invalid_target_report

INTERRUPTED_STATUS = 130  # what shells give a program that Ctrl-C ended
EXIT_STATUS = {
    Outcome.VERIFIED: 0,
    Outcome.FAILED: 1,
    Outcome.INCONCLUSIVE: 3,
    Outcome.REACHABLE: 4,
}


def verify(
    target: Annotated[
        str, typer.Argument(help="A domain, host name, IP address, host:port, or sip:/sips: URI.")
    ],
    transport: Annotated[
        TransportName | None,
        typer.Option(help="Force the transport.", show_default="from the URI; else RFC 3263 decides"),
    ] = None,
    port: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="1-65535; with a port, NAPTR and SRV are not asked.",
            show_default="from the URI; else SRV",
        ),
    ] = None,
    username: Annotated[
        str | None,
        typer.Option(help="The address-of-record's user, and the digest's.", show_default="no proof"),
    ] = None,
    auth_username: Annotated[
        str | None, typer.Option(help="The digest user where it differs.", show_default="--username")
    ] = None,
    password_env: Annotated[
        str | None, typer.Option(metavar="VAR", help="Take the password from this environment variable.")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take the password from this file.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Take the password from standard input.")
    ] = False,
    realm: Annotated[
        list[str] | None, typer.Option(help="Repeatable; the only realms to answer.", show_default="any")
    ] = None,
    outbound_proxy: Annotated[
        str | None,
        typer.Option(metavar="HOST[:PORT]", help="Send to this host; the request names TARGET's domain."),
    ] = None,
    nameservers: Nameservers = None,
    ca_file: CaFile = None,
    tls_strict: TlsStrict = False,
    allow_networks: AllowNetworks = None,
    allow_ports: AllowPorts = None,
    proof: Annotated[
        Proof, typer.Option(help="How to prove the credentials; none sends OPTIONS alone.")
    ] = Proof.AUTO,
    source_address: SourceAddress = None,
    timeout: Annotated[
        str, typer.Option(metavar="SECONDS", help="The one deadline for the whole run.")
    ] = f"{DEFAULT_TIMEOUT_SECONDS:g}",
    discover: Annotated[
        bool,
        typer.Option(
            "--discover",
            help="Where something stands in the way, look for another that works; this has the time once more.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Verify one trunk, and say what is wrong with it and whose turn it is.

    Exit status: 0 verified, 1 failed, 2 usage error or invalid target, 3 inconclusive, 4 reachable.
    """
    started_at = datetime.now(UTC)
    settings = read_settings(
        nameservers=nameservers,
        ca_file=ca_file,
        tls_strict=tls_strict,
        allow_networks=allow_networks,
        allow_ports=allow_ports,
        source_address=source_address,
    )
    timeout_seconds = read_timeout(timeout)
    wanted_port = read_port(port)
    check_outbound_proxy(outbound_proxy)
    password = read_password(variable=password_env, file=password_file, from_stdin=password_stdin)
    credentials = _credentials(username, password, auth_username, realm or ())
    if credentials is None and proof in (Proof.REGISTER, Proof.OPTIONS):
        refuse(
            f"--proof {proof} proves credentials, and none are given; add --username and a password source"
        )
    try:
        parsed = parse_target(target, transport=transport, port=wanted_port, outbound_proxy=outbound_proxy)
    except TargetInvalid as error:
        report = invalid_target_report(target, str(error), started_at=started_at, username=username)
    except CallerError as error:
        refuse(str(error))
    else:
        report = _run(parsed, settings, credentials, proof, timeout_seconds, discover=discover)
    _print(report, as_json=as_json)
    raise typer.Exit(USAGE_STATUS if report.reason is Reason.TARGET_INVALID else EXIT_STATUS[report.outcome])


def _credentials(
    username: str | None, password: str | None, auth_username: str | None, realms: list[str] | tuple[str, ...]
) -> Credentials | None:
    if username is None:
        for option, value in (
            ("a password", password),
            ("--auth-username", auth_username),
            ("--realm", realms),
        ):
            if value:
                refuse(f"{option} is given without --username; add --username")
        return None
    if password is None:
        refuse(
            f"--username {username!r} needs a password; "
            "add --password-env VAR, --password-file FILE or --password-stdin"
        )
    for option, given in (("--auth-username", (auth_username,)), ("--realm", realms)):
        if "" in given:
            refuse(f"{option} '' is empty; leave it out, or give it as the carrier wrote it")
    try:
        return Credentials(username, password, auth_username, tuple(realms))
    except CallerError as error:
        refuse(str(error))


def _run(
    target: Target,
    settings: EngineSettings,
    credentials: Credentials | None,
    proof: Proof,
    timeout_seconds: float,
    *,
    discover: bool,
) -> Report:
    async def run() -> Report:
        async with Engine(settings) as engine:
            report = await engine.verify(
                target, credentials=credentials, proof=proof, timeout_seconds=timeout_seconds
            )
            if not discover:
                return report
            return await with_discovery(report, target, engine, timeout_seconds=timeout_seconds)

    try:
        return asyncio.run(run())
    except CallerError as error:
        refuse(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED_STATUS) from None


def _print(report: Report, *, as_json: bool) -> None:
    with speaking():
        if as_json:
            json.dump(report_to_json(report), sys.stdout, indent=2, ensure_ascii=True)
            sys.stdout.write("\n")
        else:
            draw_report(report)
