"""SIPVicious svmap, a scanner in Python."""

from pathlib import Path

from benchmarks.programs import Program
from benchmarks.responder import ADDRESS
from benchmarks.workshop import WORKSHOP

_SVMAP = WORKSHOP / "bin" / "sipvicious_svmap"

SVMAP = Program("SIPVicious", str(_SVMAP), ("--version",), r"svmap v(\S+)")
# It counts the addresses that answered, and here all answers come from one.
EXPECTED_CODES = (30,)


def command(port: int, count: int, folder: Path) -> list[str]:
    """Scan the one address `count` times over, without the pause it makes between probes unless told."""
    targets = folder / f"targets-{count}"
    targets.write_text(f"{ADDRESS}\n" * count)
    return [
        *(str(_SVMAP), "-p", str(port), "-t", "0"),
        *("-b", ADDRESS, "-x", ADDRESS, "-I", str(targets)),
    ]
