"""sipp as the asking side: the usual load generator for SIP, in C++."""

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cost import ProgramFailed
from benchmarks.measurement import Role, Sample
from benchmarks.programs import Program
from benchmarks.resident import resident_bytes
from benchmarks.responder import ADDRESS

SIPP = Program("sipp", "sipp", ("-v",), r"SIPp v(\S+?)-")
OPTIONS = Path(__file__).with_name("sipp_options.xml")
REGISTER = Path(__file__).with_name("sipp_register.xml")

WINDOW = 1000
# A rate that the window holds back, and the receive buffer we ask for too: slower or smaller, sipp costs more.
_CALLS_PER_SECOND = 200_000
_BUFFER_BYTES = 4 * 1024 * 1024
_ALL_SENT_SECONDS = 2.0
_FEW = 100


def command(scenario: Path, port: int, calls: int, window: int = WINDOW) -> list[str]:
    return [
        *("sipp", "-sf", str(scenario), "-t", "u1", "-nostdin"),
        *("-i", ADDRESS, "-ci", ADDRESS, "-mi", ADDRESS),
        *("-m", str(calls), "-l", str(window), "-r", str(_CALLS_PER_SECOND)),
        *("-buff_size", str(_BUFFER_BYTES), f"{ADDRESS}:{port}"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SippInFlight:
    """sipp's resident memory for each call that waits for an answer: many calls against few."""

    name: str
    role: Role
    port: int
    calls: int

    def sample(self) -> Sample:
        few, many = self._resident(_FEW), self._resident(_FEW + self.calls)
        return Sample(figure=(many - few) / self.calls)

    def _resident(self, calls: int) -> int:
        line = command(OPTIONS, self.port, calls, calls)
        with subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                time.sleep(_ALL_SENT_SECONDS)
                if process.poll() is not None:
                    raise ProgramFailed(f"sipp ended with {process.returncode}")
                return resident_bytes(process.pid)
            finally:
                process.send_signal(signal.SIGKILL)
