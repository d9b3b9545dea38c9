"""What is known of where a trunk's calls can go (docs/design/infrastructure.md, "The way of calls")."""

from dataclasses import dataclass, field
from enum import StrEnum

from sipcheck.host import is_address
from sipcheck.target import HostPort, TransportName, edge_name


class WayForm(StrEnum):
    """How the outbound side leads calls to an edge; PARKED ends them at once, and nothing is sent to the carrier."""

    AS_GIVEN = "as-given"
    ROUTE = "route"
    TARGET = "target"
    PARKED = "parked"


class WayProof(StrEnum):
    """By what it was proven that calls arrive so."""

    OPTIONS = "options"
    INVITE = "invite"


class TlsNames(StrEnum):
    """Whether the infrastructure compares a certificate's names with the host that it calls."""

    CHECKED = "checked"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayEdge:
    """One edge as a report of this generation found it; `host` is the name that led there.

    `lives` is None for one that was not probed. `certificate_names` are those of the certificate that it showed.
    `unanswerable` says what of its challenge calls cannot answer.
    """

    host: str
    address: str
    port: int
    transport: TransportName
    priority: int | None = None
    weight: int | None = None
    lives: bool | None = True
    certificate_names: tuple[str, ...] = ()
    unanswerable: str | None = None

    @property
    def name(self) -> str:
        return edge_name(self.address, self.port, self.transport)

    @property
    def is_ipv4(self) -> bool:
        return ":" not in self.address

    def certifies(self, host: str) -> bool:
        """Tell whether its certificate names a host or address, a wildcard's one label included."""
        wanted = host.lower()
        names = [name.rstrip(".").lower() for name in self.certificate_names]
        if wanted in names:
            return True
        return not is_address(wanted) and f"*.{wanted.partition('.')[2]}" in names


class Astray(StrEnum):
    """Why calls to the address as it is given would go where nobody may be called, though RFC 3263 leads elsewhere."""

    SRV_ALONE = "srv-alone"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """What the infrastructure finds for a name: all IPv4 addresses, of which it dials the first that DNS gives it.

    A name without any address is looked for by SRV, and then its own host is dialled at the record's port. With
    `forbidden` the guard refuses one of the addresses.
    """

    ipv4: tuple[str, ...] = ()
    has_ipv6: bool = False
    forbidden: bool = False

    @property
    def is_srv_alone(self) -> bool:
        return not self.ipv4 and not self.has_ipv6

    @property
    def astray(self) -> Astray | None:
        if self.forbidden:
            return Astray.FORBIDDEN
        return Astray.SRV_ALONE if self.is_srv_alone else None


@dataclass(frozen=True, slots=True)
class FormProof:
    """An OPTIONS pair, with and without what calls would carry, got the same answer at this edge."""

    form: WayForm
    edge: str
    host: str
    by: WayProof = WayProof.OPTIONS


@dataclass(frozen=True, slots=True)
class FormRefusal:
    """A form that an edge did not answer as it answers without; `said` is what came instead."""

    form: WayForm
    edge: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WayFinding:
    """What was found at a destination, whoever asks there: its edges, and the own addresses of its domain.

    `is_forbidden`: it leads where no call may go, now. `is_suspect`: a check or run saw that, or that calls would go
    astray, and it is not confirmed yet.
    """

    edges: tuple[WayEdge, ...] = ()
    dialled: Dialled | None = None
    is_forbidden: bool = False
    is_suspect: bool = False

    @property
    def is_astray(self) -> bool:
        """Whether calls certainly arrive nowhere that may be called."""
        return self.is_forbidden or (self.dialled is not None and self.dialled.astray is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WayEvidence:
    """All that decides about one trunk's way; `edges` are those of its first gateway, or of its outbound proxy, by
    priority.

    `dialled` is for the address as given, None while nobody has looked; `current` names the edge in use, and `lot` is
    what one among equals is drawn by.
    `unanswerable` says what of the carrier's challenge the infrastructure cannot answer; what the edges say of that
    counts where the trunk `has_credentials`. `tls_names` is whether it checks the names of certificates, `pin_edges`
    whether it is to be asked for no name of a customer's. Not `obeys_route`: it was measured to ignore a Route.
    """

    domain: str
    port: int | None = None
    transport: TransportName | None = None
    proxy: HostPort | None = None
    fixed_egress: bool = False
    edges: tuple[WayEdge, ...] = ()
    dialled: Dialled | None = None
    is_forbidden: bool = False
    proofs: frozenset[FormProof] = field(default_factory=frozenset)
    refusals: tuple[FormRefusal, ...] = ()
    has_credentials: bool = False
    unanswerable: str | None = None
    pin_edges: bool = False
    tls_names: bool = True
    obeys_route: bool = True
    current: str | None = None
    lot: str | None = None

    def of_host(self, host: str, transport: TransportName) -> list[WayEdge]:
        """Give every edge that a name led to by a transport, dead and unprobed ones too."""
        return [each for each in self.edges if each.host == host and each.transport is transport]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundWay:
    """The chosen way; `host` is what the Route or the address names, `edge` where calls arrive.

    `callable` is None where nothing says so and nothing speaks against it; `reason` is a sentence for the customer.
    """

    form: WayForm
    reason: str
    callable: bool | None
    edge: WayEdge | None = None
    host: str | None = None
    proof: WayProof | None = None
