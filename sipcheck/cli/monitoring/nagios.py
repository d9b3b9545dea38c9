"""`sipcheck nagios`: one verification as a plugin of Nagios, Icinga, Naemon and what else runs Monitoring Plugins."""

import asyncio
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from sipcheck.cli.allowances import with_allowance
from sipcheck.cli.monitoring.plugin_line import (
    Limits,
    PluginAnswer,
    PluginState,
    Thresholds,
    answer_of,
    unknown,
)
from sipcheck.cli.monitoring.rejections import Rejections
from sipcheck.cli.monitoring.state_folder import StateFolder, state_folder
from sipcheck.cli.option_groups import with_option_groups
from sipcheck.cli.options import (
    CredentialOptions,
    EngineOptions,
    ProofOption,
    SourceAddress,
    TargetText,
    Timeout,
    WayOptions,
)
from sipcheck.cli.usage import Refused, ending_the_command, give_up, refuse, tell
from sipcheck.cli.values import read_positive, read_timeout
from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.engine import Engine
from sipcheck.errors import TargetInvalid
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.target import Target
from sipcheck.verification.report_without_run import invalid_target_report

_CERTIFICATE_DAYS = "21,7"


class PluginCommand(TyperCommand):
    """A command whose every end is an answer: whoever runs it reads standard output and the exit status alone."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().make_context(*arguments, **options)
        except Exception as error:
            told = getattr(error, "format_message", None)
            if told is not None:  # a usage error, which typer tells on standard error
                _print(unknown(told()))
                error.exit_code = PluginState.UNKNOWN  # type: ignore[attr-defined]
            raise

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Refused as error:
            unknown_why = error.message
        except typer.Exit as error:
            if error.exit_code in set(PluginState):
                raise
            unknown_why = "interrupted"
        except Exception as error:  # noqa: BLE001 - without an answer this would be a warning (status 1)
            with suppress(OSError):
                traceback.print_exc()
            unknown_why = f"{type(error).__name__}: {error}"
        try:
            _print(unknown(unknown_why))
        except OSError as error:  # then the exit status alone speaks
            give_up(sys.stdout)
            tell(f"standard output cannot be written: {error.strerror}")
        raise typer.Exit(PluginState.UNKNOWN)


@with_option_groups
def nagios(
    *,
    target: TargetText,
    way: WayOptions,
    credentials: CredentialOptions,
    checking: EngineOptions,
    proof: ProofOption = Proof.AUTO,
    source_address: SourceAddress = None,
    timeout: Timeout = f"{DEFAULT_TIMEOUT_SECONDS:g}",
    warning: Annotated[
        str | None, typer.Option("--warning", "-w", metavar="SECONDS", help="Warn when it takes longer.")
    ] = None,
    critical: Annotated[
        str | None,
        typer.Option("--critical", "-c", metavar="SECONDS", help="Be critical when it takes longer."),
    ] = None,
    cert_days: Annotated[
        str,
        typer.Option(
            "--cert-days", metavar="WARNING[,CRITICAL]", help="The fewest days a certificate may have left."
        ),
    ] = _CERTIFICATE_DAYS,
    edges: Annotated[
        str | None,
        typer.Option(metavar="WARNING[,CRITICAL]", help="The fewest servers that may answer."),
    ] = None,
    state_dir: StateFolder = None,
) -> None:
    """Verify one trunk as a plugin of a monitoring system: one line, measures, and the state as exit status.

    Exit status: 0 OK (verified), 1 WARNING (reachable), 2 CRITICAL (failed, inconclusive), 3 UNKNOWN (usage errors, and
    what lies with this machine). A password that was refused is not sent again until it is another one.
    """
    started_at = datetime.now(UTC)
    settings = checking.settings(source_address)
    timeout_seconds = read_timeout(timeout)
    way.check()
    proven = credentials.read_for(proof)
    thresholds = Thresholds(
        seconds=Limits(_read_seconds("--warning", warning), _read_seconds("--critical", critical)),
        days=_read_least("--cert-days", cert_days),
        edges=_read_least("--edges", edges),
    )
    with ending_the_command():
        try:
            parsed = way.read(target)
        except TargetInvalid as error:
            answer = answer_of(
                invalid_target_report(target, error.sentence, started_at=started_at), thresholds
            )
        else:
            rejections = None if proven is None else Rejections(state_folder(state_dir))
            answer = asyncio.run(
                _verify(parsed, settings, proven, proof, timeout_seconds, rejections, thresholds)
            )
    _print(answer)
    raise typer.Exit(answer.state)


async def _verify(
    target: Target,
    settings: EngineSettings,
    credentials: Credentials | None,
    proof: Proof,
    timeout_seconds: float,
    rejections: Rejections | None,
    thresholds: Thresholds,
) -> PluginAnswer:
    async with Engine(settings) as engine:
        if rejections is None or credentials is None:
            report = await engine.verify(target, proof=proof, timeout_seconds=timeout_seconds)
            return answer_of(with_allowance(report, settings.guard), thresholds)
        with rejections.watching(target, credentials) as sending:
            report = await engine.verify(
                target,
                credentials=credentials,
                proof=proof,
                timeout_seconds=timeout_seconds,
                before_credentials=sending.before_credentials,
            )
            sending.settle(report)
    withheld = None if sending.withheld is None else str(sending.withheld)
    return answer_of(with_allowance(report, settings.guard), thresholds, withheld=withheld)


def _read_seconds(option: str, text: str | None) -> float | None:
    if text is None:
        return None
    seconds = read_positive(text)
    if seconds is None:
        refuse(f"{option} {text!r} is not usable; give seconds, such as 2 or 0.5")
    return seconds


def _read_least(option: str, text: str | None) -> Limits:
    if text is None:
        return Limits()
    numbers = text.split(",")
    if len(numbers) > 2 or not all(number.isascii() and number.isdigit() for number in numbers):
        refuse(f"{option} {text!r} is not usable; give one number or two, such as {_CERTIFICATE_DAYS}")
    return Limits(*(int(number[:9]) for number in numbers))


def _print(answer: PluginAnswer) -> None:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a monitoring system's locale is often C
    typer.echo(answer.text)
