"""The installation, for a command that is done with it at once."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from trunkd.faults import faults_in_one_line
from trunks.installation.installation import Installation
from trunks.installation.logs import configure_logs
from trunks.installation.settings import load_settings


@contextmanager
def opened_installation() -> Iterator[Installation]:
    """Open it, and close it again; a fault ends the command in one line."""
    with faults_in_one_line():
        configure_logs()
        with closing(Installation(load_settings())) as installation:
            yield installation
