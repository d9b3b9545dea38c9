"""How the `sipcheck` command starts: its version is told before anything else is loaded."""

import gc
import sys
from importlib.metadata import version


def main() -> None:
    """Run the command line, or tell the version."""
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:
        print(f"sipcheck {version('sipcheck')}")
        return
    # What is loaded stays: looking for garbage meanwhile would take a fifth of the time until the first command.
    gc.disable()
    from sipcheck.cli.main import main as run

    gc.freeze()
    gc.enable()
    run()
