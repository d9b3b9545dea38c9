"""`sipcheck exporter`: verifications as metrics for Prometheus, by its multi-target pattern."""

import asyncio
import importlib.util
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from sipcheck.cli.monitoring.rejections import Rejections
from sipcheck.cli.monitoring.state_folder import StateFolder, state_folder
from sipcheck.cli.usage import ending_the_command, refuse
from sipcheck.errors import TargetInvalid
from sipcheck.target import HostPort, parse_host_port

_LISTEN = "127.0.0.1:9713"
_NEEDED = ("prometheus_client", "yaml")


def exporter(
    modules: Annotated[
        Path,
        typer.Option(
            "--modules", metavar="FILE", help="The modules: how to check, and which targets (YAML)."
        ),
    ],
    listen: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS:PORT", help="Where to listen; there is no password, so keep it inside."
        ),
    ] = _LISTEN,
    state_dir: StateFolder = None,
    check: Annotated[
        bool, typer.Option("--check", help="Read the modules, say what they hold, and end.")
    ] = False,
) -> None:
    """Serve /probe?module=NAME&target=TARGET for Prometheus, with the targets of the modules alone.

    Exit status: 0 ended by a signal, 2 the modules or an option cannot be used. A password that was refused is not sent
    again until it is another one.
    """
    if any(importlib.util.find_spec(name) is None for name in _NEEDED):
        refuse("the exporter needs two packages more: pip install 'sipcheck[exporter]'")
    # Here, so that no other command waits for them or needs them.
    from sipcheck.cli.monitoring.exporter.modules import read_modules
    from sipcheck.cli.monitoring.exporter.serving import serve

    place = _read_listen(listen)
    with ending_the_command():
        known = read_modules(modules)
        if check:
            for name, module in known.items():
                typer.echo(f"{name}: {len(module.targets)} target{'' if len(module.targets) == 1 else 's'}")
            return
        proving = any(module.credentials is not None for module in known.values())
        rejections = Rejections(state_folder(state_dir)) if proving else None
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(known, place, rejections))


def _read_listen(text: str) -> HostPort:
    try:
        place = parse_host_port(text)
        ip_address(place.host)
    except TargetInvalid as error:
        refuse(f"--listen {text!r}: {error}")
    except ValueError:
        refuse(f"--listen {text!r} names no address; give one of this machine, such as {_LISTEN}")
    if place.port is None:
        refuse(f"--listen {text!r} names no port; give ADDRESS:PORT, such as {_LISTEN}")
    return place
