"""How the `trunkd` command starts: everything that it loads stays, so nobody looks for garbage meanwhile."""

import gc


def main() -> None:
    """Run the command line."""
    # A fifth of the time until the first command is this search otherwise.
    gc.disable()
    from trunkd.main import main as run

    gc.freeze()
    gc.enable()
    run()
