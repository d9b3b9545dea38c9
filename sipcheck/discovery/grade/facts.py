"""What a grade is made of: the ways to a carrier that were tried, and what its challenges offered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from sipcheck.auth.challenge import Challenge, read_usable
from sipcheck.diagnosis.evidence import is_sign_of_life
from sipcheck.discovery.findings import Discovery
from sipcheck.errors import ParseError
from sipcheck.message.message import Response
from sipcheck.message.parser import parse
from sipcheck.report.model import Direction, EdgeReport, Report

_BASIC = "basic"


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeFacts:
    """`ways` are all that were asked, by every transport; `by_dns` those to which DNS leads for the target as it is.

    `basic_offered` says that a challenge asked for the password itself.
    """

    ways: tuple[EdgeReport, ...]
    by_dns: tuple[EdgeReport, ...] = ()
    challenges: tuple[Challenge, ...] = ()
    basic_offered: bool = False

    @property
    def alive(self) -> tuple[EdgeReport, ...]:
        return tuple(way for way in self.ways if is_sign_of_life(way.sip_status))

    @property
    def addresses(self) -> frozenset[str]:
        """Those that answer."""
        return frozenset(way.address for way in self.alive)

    @property
    def transports(self) -> frozenset[str]:
        """Those by which something answers."""
        return frozenset(way.transport for way in self.alive)

    @property
    def families(self) -> frozenset[int]:
        """4 and 6, where an address of it answers."""
        return frozenset(ip_address(address).version for address in self.addresses)

    @property
    def silent(self) -> tuple[str, ...]:
        """Addresses to which DNS leads, and at which nothing answers by any way."""
        asked = {way.address: None for way in self.by_dns if way.outcome is not None}
        return tuple(address for address in asked if address not in self.addresses)

    @property
    def defects(self) -> tuple[str, ...]:
        """What was sloppy in the answers, each once."""
        return tuple(dict.fromkeys(defect for way in self.ways for defect in way.defects))


def facts_of(report: Report, discovery: Discovery) -> GradeFacts:
    """Put together what a verification and a search have seen."""
    offered = list(_offered(report))
    return GradeFacts(
        ways=tuple(finding.report for finding in discovery.findings if finding.report.outcome is not None),
        by_dns=report.edges,
        challenges=tuple(challenge for values, proxy in offered for challenge in _usable(values, proxy)),
        basic_offered=any(value.lower().startswith(_BASIC) for values, _ in offered for value in values),
    )


def _offered(report: Report) -> Iterator[tuple[Sequence[str], bool]]:
    for step in report.trace:
        if step.direction is not Direction.RECEIVED or step.cut_bytes:
            continue
        try:
            message = parse(step.message)
        except ParseError:
            continue
        if isinstance(message, Response):
            for name, proxy in (("WWW-Authenticate", False), ("Proxy-Authenticate", True)):
                if values := message.headers.get_all(name):
                    yield values, proxy


def _usable(values: Sequence[str], proxy: bool) -> list[Challenge]:
    found = read_usable(values, is_proxy=proxy)
    return found if isinstance(found, list) else []
