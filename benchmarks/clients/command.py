"""How our own clients are started."""

import sys


def command(client: str, *arguments: object) -> list[str]:
    """Give the command line of a module of this package."""
    return [sys.executable, "-m", f"benchmarks.clients.{client}", *map(str, arguments)]
