"""The command line of the service (docs/design/service.md).

What a command runs is loaded by it: to make a token takes no HTTP server, and to say that a setting is wrong no worker.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import structlog
import typer
from pydantic_core import PydanticUndefined

from trunkd.commands.allow_list import print_allow_list
from trunkd.commands.explain import explain_invite
from trunkd.commands.incidents import incident_commands, maintenance_commands
from trunkd.commands.infrastructure import infrastructure_commands
from trunkd.commands.keys import key_commands
from trunkd.commands.numbers import number_commands
from trunkd.commands.provisions import provision_commands
from trunkd.commands.rehearsals import rehearsal_commands
from trunkd.commands.tenants import environment_commands, token_commands
from trunkd.commands.trunks_import import trunk_commands
from trunkd.faults import BrokerNeeded, faults_in_one_line
from trunks.errors import SettingsInvalid
from trunks.installation.installation import prepare
from trunks.installation.logs import configure_logs
from trunks.installation.settings import PREFIX, Settings, load_settings, setting_names, unknown_names
from worker.queues import ALL_QUEUES, QueueName

_log = structlog.get_logger(__name__)


def _settings_help() -> str:
    """List the settings with their defaults: a paragraph each, as typer keeps them apart."""
    lines = ["Settings, from the environment or a file .env:"]
    for name, info in setting_names().items():
        default = "" if info.default in (None, PydanticUndefined) else info.default
        shown = "none" if default == "" or default in ((), frozenset()) else str(default)
        lines.append(f"{name} ({shown}): {info.description}")
    return "\n\n".join(lines)


app = typer.Typer(
    name="trunkd",
    help="Keeps customers' SIP trunks verified: API, worker and schedule.",
    epilog=_settings_help(),
    no_args_is_help=True,
    add_completion=False,
    # A traceback with local variables would show secrets.
    pretty_exceptions_enable=False,
)
app.add_typer(environment_commands, name="environment")
app.add_typer(token_commands, name="token")
app.add_typer(key_commands, name="keys")
app.add_typer(trunk_commands, name="trunks")
provision_commands.registered_commands += rehearsal_commands.registered_commands
app.add_typer(provision_commands, name="provision")
app.add_typer(number_commands, name="number")
app.add_typer(incident_commands, name="incident")
app.add_typer(maintenance_commands, name="maintenance")
app.add_typer(infrastructure_commands, name="infrastructure")
app.command("allow-list")(print_allow_list)
app.command("explain")(explain_invite)


@app.command()
def up(
    practice: Annotated[
        bool, typer.Option("--practice", help="Run a practice carrier too, and print an example.")
    ] = False,
) -> None:
    """Run API, worker and schedule in one process."""
    with faults_in_one_line():
        settings = _start()
        from trunkd.up import run_up

        raise typer.Exit(run_up(settings, practice=practice))


@app.command()
def api() -> None:
    """Run the API alone."""
    with _beside_others("api") as settings:
        from trunkd.api_process import run_api

        run_api(settings)


@app.command()
def worker(
    queues: Annotated[str, typer.Option(help="The queues to work on, comma-separated.")] = ",".join(
        ALL_QUEUES
    ),
    concurrency: Annotated[
        int | None,
        typer.Option(min=1, max=10_000, help=f"Runs in flight; {PREFIX}RUNS_IN_FLIGHT unless given."),
    ] = None,
) -> None:
    """Run a worker alone."""
    with faults_in_one_line():
        named = _read_queues(queues)
    with _beside_others("worker") as settings:
        from trunkd.worker_process import run_worker

        raise typer.Exit(run_worker(settings, queues=named, concurrency=concurrency))


@app.command()
def beat() -> None:
    """Run the schedule alone."""
    with _beside_others("beat") as settings:
        from trunkd.worker_process import run_beat

        run_beat(settings)


@app.command()
def migrate() -> None:
    """Bring the database to the current schema, and make the keys where they are missing."""
    with faults_in_one_line():
        prepare(_start())
    print("The database has the current schema.")


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
) -> None:
    """Say what is wrong with this installation; status 1 when something is."""
    from trunkd.doctor.examination import run_doctor

    configure_logs(level=logging.CRITICAL)
    raise typer.Exit(run_doctor(as_json=as_json))


def main() -> None:
    """Run the command line."""
    app()


def _start() -> Settings:
    configure_logs()
    settings = load_settings()
    for name in unknown_names():
        _log.warning("setting-unknown", name=name)
    return settings


@contextmanager
def _beside_others(command: str) -> Iterator[Settings]:
    """Begin a process that reaches the others through a broker."""
    with faults_in_one_line():
        settings = _start()
        if settings.broker_url is None:
            raise BrokerNeeded(
                f"{PREFIX}BROKER_URL is not set, and trunkd {command} needs it: the broker in the process reaches "
                "no other one. Set it to redis://host:6379/0, or run trunkd up."
            )
        yield settings


def _read_queues(text: str) -> tuple[QueueName, ...]:
    try:
        return tuple(QueueName(name.strip()) for name in text.split(","))
    except ValueError:
        raise SettingsInvalid(f"--queues: {text!r} names no queue; give {', '.join(ALL_QUEUES)}.") from None
