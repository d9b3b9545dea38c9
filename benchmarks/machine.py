"""The machine and the programs that the figures belong to."""

import os
import platform
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.cores import Cores
from benchmarks.peers import s_time, sipp, sipsak, svmap
from benchmarks.responder import udp_language
from benchmarks.service.store import SERVERS

_PEERS = (sipp.SIPP, sipsak.SIPSAK, svmap.SVMAP, s_time.OPENSSL, *SERVERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`kernel` is the series alone; `peers` maps each installed program to its version."""

    cpu: str
    cores: int
    pinned: bool
    kernel: str
    python: str
    uvloop: str
    python_openssl: str
    udp_responder: str
    peers: Mapping[str, str]

    @classmethod
    def read(cls, cores: Cores) -> "Machine":
        return cls(
            cpu=_cpu(),
            cores=os.cpu_count() or 1,
            pinned=cores.apart,
            kernel=f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
            python=_python(),
            uvloop=version("uvloop"),
            python_openssl=ssl.OPENSSL_VERSION.split()[1],
            udp_responder=udp_language(),
            peers={peer.name: peer.version() or "unknown" for peer in _PEERS if peer.installed},
        )


def _python() -> str:
    """How a Python was built is felt more than its version: the system's is, as the official images' are, optimized."""
    whose = ", the system's build" if Path(sys.base_prefix) == Path("/usr") else ""
    return f"{platform.python_implementation()} {platform.python_version()}{whose}"


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
