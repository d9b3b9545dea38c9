"""How an installation checks trunks."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sipcheck.guard import Guard
from sipcheck.target import HostPort

DEFAULT_TIMEOUT_SECONDS = 10.0

# Whom a proof by INVITE calls: nobody. The country code 889 is assigned to no one, and these digits begin neither an
# emergency number nor a short one, in any region, with the sign or without (tests/sipcheck/test_proof_number.py).
PROOF_NUMBER = "+889000000000"

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
    `proof_number` is whom a proof by INVITE calls. `advertised_address` is what advice prints for allow-lists;
    `from_domain` None means the egress address.
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
    proof_number: str = PROOF_NUMBER
