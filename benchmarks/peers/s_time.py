"""`openssl s_time -new`: OpenSSL's own measure of new verified TLS connections, which carry nothing."""

import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cost import ProgramFailed, run
from benchmarks.measurement import Role, Sample
from benchmarks.programs import Program
from benchmarks.responder import ADDRESS

OPENSSL = Program("openssl", "openssl", ("version",), r"OpenSSL (\S+)")

_CIPHER_SUITE = "TLS_AES_256_GCM_SHA384"  # what the client's and the server's OpenSSL agree on by themselves
_VERIFY_DEPTH = 3
_CONNECTIONS = re.compile(r"(\d+) connections in \d+ real seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedConnections:
    """Connects one after the other for some seconds; its start is part of the figure, and small in it."""

    name: str
    role: Role
    port: int
    ca_file: Path
    seconds: int

    def sample(self) -> Sample:
        cost = run(
            [
                *("openssl", "s_time", "-connect", f"{ADDRESS}:{self.port}", "-new"),
                *("-tls1_3", "-ciphersuites", _CIPHER_SUITE, "-time", str(self.seconds)),
                *("-CAfile", str(self.ca_file), "-verify", str(_VERIFY_DEPTH)),
            ]
        )
        counted = _CONNECTIONS.search(cost.output)
        if counted is None:
            raise ProgramFailed(f"openssl s_time counted nothing:\n{cost.output}")
        connections = int(counted[1])
        return Sample(figure=cost.cpu_seconds / connections * 1e6, per_second=connections / cost.wall_seconds)
