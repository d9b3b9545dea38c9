"""sipsak, the command that monitoring scripts run: a process for each probe."""

from benchmarks.programs import Program
from benchmarks.responder import ADDRESS

SIPSAK = Program("sipsak", "sipsak", ("-V",), r"sipsak (\S+)")


def command(port: int) -> list[str]:
    return ["sipsak", "-s", f"sip:{ADDRESS}:{port}"]
