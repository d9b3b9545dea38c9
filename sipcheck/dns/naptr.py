"""NAPTR records: which transports a domain offers, in its own order of preference (RFC 3263 §4.1)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sipcheck.target import TransportName

_TRANSPORT_OF_SERVICE = {
    "SIP+D2U": TransportName.UDP,
    "SIP+D2T": TransportName.TCP,
    "SIPS+D2T": TransportName.TLS,
}


@dataclass(frozen=True, slots=True)
class NaptrRecord:
    """One rule (RFC 3403 §4.1); `replacement` is lower case without the trailing dot, empty for "."."""

    order: int
    preference: int
    flags: str
    service: str
    regexp: str
    replacement: str

    def __str__(self) -> str:
        return (
            f'{self.order} {self.preference} "{self.flags}" "{self.service}" "{self.regexp}" '
            f"{self.replacement or '.'}"
        )


@dataclass(frozen=True, slots=True)
class Service:
    """A transport and the name whose SRV records say where it is served."""

    transport: TransportName
    srv_name: str


def services_for(domain: str, *, transport: TransportName | None, secure: bool) -> tuple[Service, ...]:
    """List the services to ask for where no NAPTR record names them: udp before tcp before tls."""
    if secure:
        transport = TransportName.TLS
    names = {
        TransportName.UDP: f"_sip._udp.{domain}",
        TransportName.TCP: f"_sip._tcp.{domain}",
        TransportName.TLS: f"_sips._tcp.{domain}",
    }
    return tuple(Service(name, names[name]) for name in TransportName if transport in (None, name))


def select_services(records: Iterable[NaptrRecord], *, secure: bool) -> tuple[Service, ...]:
    """Keep the rules that name an SRV record of a transport spoken here, by order, then preference.

    For `sips:` only SIPS+D2T is one (RFC 3263 §4.1). The RFC knows flag "s" alone, without a regexp.
    """
    chosen: dict[Service, None] = {}
    for record in sorted(records, key=lambda record: (record.order, record.preference)):
        transport = _TRANSPORT_OF_SERVICE.get(record.service.upper())
        if transport is None or (secure and transport is not TransportName.TLS):
            continue
        if record.flags.lower() == "s" and not record.regexp and record.replacement:
            chosen.setdefault(Service(transport, record.replacement))
    return tuple(chosen)
