"""How an installation checks trunks."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sipcheck.guard import Guard
from sipcheck.target import HostPort

DEFAULT_TIMEOUT_SECONDS = 10.0

# A loop that comes so much later than it was called for was not given the processor: what it then finds missing says
# nothing of a peer.
STALL_SECONDS = 1.0
# What came meanwhile waits to be read, and may take a turn of the loop or two.
CATCH_UP_SECONDS = 0.05


class Infrastructure(StrEnum):
    """Whose calls a trunk is checked for: it says where those would differ from what is checked."""

    LIVEKIT = "livekit"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How this installation checks trunks; see the options of the same names.

    Source: docs/design/command-line.md, docs/design/service.md.

    With `leads_to_proxies` the infrastructure's calls go to a target's outbound proxy, and not where its domain leads.
    `advertised_address` is what advice prints for allow-lists; `from_domain` None means the egress address.
    """

    nameservers: tuple[HostPort, ...] = ()
    ca_file: Path | None = None
    tls_strict: bool = False
    guard: Guard = Guard()
    source_address: str | None = None
    advertised_address: str | None = None
    from_user: str = "trunk-check"
    from_domain: str | None = None
    infrastructure: Infrastructure | None = None
    leads_to_proxies: bool = False
