"""What ends a command with one line on standard error, instead of a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from sipcheck.errors import CallerError
from trunks.errors import InstallationFault, Refused, SettingsInvalid, StoreUnavailable
from trunks.voice.provisioner import ProvisioningFailed

USAGE_ERROR = 2
FAULT = 1


class AddressInUse(InstallationFault):
    """The address to listen at cannot be had."""


class BrokerNeeded(InstallationFault):
    """A process of its own needs a broker that reaches the others."""


@contextmanager
def faults_in_one_line() -> Iterator[None]:
    """Print a fault of the installation or of what was asked, and exit: 2 for a setting, else 1."""
    try:
        yield
    except (InstallationFault, StoreUnavailable, ProvisioningFailed, Refused, CallerError) as fault:
        for line in str(fault).splitlines():
            print(f"trunkd: {line}", file=sys.stderr)
        raise typer.Exit(
            USAGE_ERROR if isinstance(fault, SettingsInvalid | CallerError) else FAULT
        ) from fault
    except UnicodeEncodeError as fault:  # Python keeps such bytes of an argument as what no store takes
        given = fault.object[:80].encode("utf-8", "backslashreplace").decode()
        print(f"trunkd: {given!r} is no text in UTF-8; write it in UTF-8", file=sys.stderr)
        raise typer.Exit(USAGE_ERROR) from fault
