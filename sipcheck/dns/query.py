"""One DNS question to the resolvers, always answered by a value; this file and `sockets` know dnspython."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar

import dns.asyncbackend
import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rdata
import dns.rdatatype
import dns.resolver
import dns.ttl
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from dns.rdtypes.IN.NAPTR import NAPTR
from dns.rdtypes.IN.SRV import SRV

from sipcheck.dns.naptr import NaptrRecord
from sipcheck.dns.sockets import QuestionSockets
from sipcheck.dns.srv import SrvRecord
from sipcheck.errors import EXHAUSTED, SettingInvalid
from sipcheck.host import is_address
from sipcheck.phrases.listed import Joint, listed
from sipcheck.phrases.sentence import Sentence
from sipcheck.phrases.words import phrase
from sipcheck.target import HostPort

DNS_PORT = 53
MAX_CNAMES = 8
RESOLV_CONF = Path("/etc/resolv.conf")

# Of all runs together, each with a socket; a sweep's two hundred destinations ask for two families at once.
MAX_QUESTIONS_AT_ONCE = 400

# After this a datagram counts as lost: the next resolver is asked, or the same one again.
ATTEMPT_SECONDS = 1.0

Record = TypeVar("Record", str, SrvRecord, NaptrRecord)


class RecordType(StrEnum):
    NAPTR = "NAPTR"
    SRV = "SRV"
    A = "A"
    AAAA = "AAAA"


class AnswerKind(StrEnum):
    """What became of a question; the last two are no answer to it."""

    RECORDS = "records"
    NO_RECORDS = "no-records"
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    TIMEOUT = "timeout"
    OVERLOADED = "overloaded"  # we ourselves had no socket to ask by


@dataclass(frozen=True, slots=True)
class DnsAnswer(Generic[Record]):
    """The answer to one question; `why` says why there is none, `ms` how long it took.

    `left_aside` counts the records that were not read, being beyond the number that is; `asked` is false where no time
    was left to ask. `late_seconds` is how late we ourselves were to take the answer. `ttl_seconds` is how long the
    records may be kept, the aliases that led to them too (RFC 1035 §3.2.1), by what a cache on the way left of it.
    """

    name: str
    record_type: RecordType
    kind: AnswerKind
    records: tuple[Record, ...]
    why: Sentence | None
    ms: float
    left_aside: int = 0
    asked: bool = True
    late_seconds: float = 0.0
    ttl_seconds: int | None = None

    @property
    def fault(self) -> str:
        """Why there is none, in English; empty where nothing is known."""
        return "" if self.why is None else phrase(self.why)

    @property
    def answers(self) -> tuple[str, ...]:
        """The records as text."""
        return tuple(str(record) for record in self.records)

    @property
    def failed(self) -> bool:
        """Whether the question stands unanswered: there may be records, and nobody said."""
        return self.kind in (AnswerKind.SERVFAIL, AnswerKind.TIMEOUT, AnswerKind.OVERLOADED)


class _TooManyCnames(Exception):
    """A name leads over more CNAMEs than are followed."""


class DnsClient:
    """Asks the given resolvers, or the system's.

    Names are absolute: search domains, /etc/hosts and a cache have no part, so that `localhost` too is what
    the DNS says it is and a verdict does not hang on one machine's files.
    Raises SettingInvalid for a nameserver that is not an IP address.
    """

    def __init__(self, *, nameservers: Sequence[HostPort] = (), resolv_conf: Path = RESOLV_CONF) -> None:
        self._nameservers = [_nameserver(each) for each in nameservers]
        self._resolv_conf = resolv_conf
        self._resolver: dns.asyncresolver.Resolver | None = None
        self._turns = asyncio.Semaphore(MAX_QUESTIONS_AT_ONCE)
        # What its questions need is loaded now, and not when there may be no file left to read it by.
        dns.asyncbackend.get_backend("asyncio")
        self._read_at_state: tuple[int, int] | None = None

    async def naptr(self, name: str, *, deadline_at: float) -> DnsAnswer[NaptrRecord]:
        return await self._ask(name, RecordType.NAPTR, deadline_at, _read_naptr)

    async def srv(self, name: str, *, deadline_at: float) -> DnsAnswer[SrvRecord]:
        return await self._ask(name, RecordType.SRV, deadline_at, _read_srv)

    async def ipv4(self, name: str, *, deadline_at: float) -> DnsAnswer[str]:
        return await self._ask(name, RecordType.A, deadline_at, _read_address)

    async def ipv6(self, name: str, *, deadline_at: float) -> DnsAnswer[str]:
        return await self._ask(name, RecordType.AAAA, deadline_at, _read_address)

    async def _ask(
        self,
        name: str,
        record_type: RecordType,
        deadline_at: float,
        read: Callable[[Any], Record],
    ) -> DnsAnswer[Record]:
        """Ask until `deadline_at` on the loop's clock; every failure is an answer of its kind."""
        loop = asyncio.get_running_loop()
        started_at = loop.time()
        sockets = QuestionSockets()
        records: tuple[Record, ...] = ()
        why: Sentence | None = None
        asked = False
        ttl_seconds: int | None = None
        try:
            async with asyncio.timeout_at(deadline_at), self._turns:
                asked = loop.time() < deadline_at
                found, ttl = await self._follow(name, record_type, deadline_at - loop.time(), sockets)
            records = tuple(read(record) for record in found)
            ttl_seconds = ttl if records else None
            kind = AnswerKind.RECORDS if records else AnswerKind.NO_RECORDS
        except (TimeoutError, dns.exception.Timeout):
            kind = AnswerKind.TIMEOUT
            why = Sentence.of("dns.fault.timeout", seconds=f"{max(0.0, deadline_at - started_at):.1f}")
        except dns.resolver.NXDOMAIN as missing:
            kind, why = AnswerKind.NXDOMAIN, _say_cname(name, missing)
        except dns.name.NameTooLong:
            # With the service's labels in front, a long name may grow past what can exist.
            kind = AnswerKind.NXDOMAIN
        except dns.resolver.NoResolverConfiguration:
            kind = AnswerKind.SERVFAIL
            why = Sentence.of("dns.fault.no-resolver", path=self._resolv_conf)
        except dns.resolver.NoNameservers as refusal:
            kind = AnswerKind.OVERLOADED if _is_ours(refusal) else AnswerKind.SERVFAIL
            why = _say_errors(refusal)
        except _TooManyCnames:
            kind, why = AnswerKind.SERVFAIL, Sentence.of("dns.fault.too-many-cnames", most=MAX_CNAMES)
        except (dns.exception.DNSException, ValueError) as unusable:
            kind, why = AnswerKind.SERVFAIL, Sentence.of("dns.fault.library", words=unusable)
        now = loop.time()
        ms, late_seconds = (now - started_at) * 1000, max(0.0, now - max(deadline_at, started_at))
        left_aside = sockets.left_aside
        return DnsAnswer(
            name, record_type, kind, records, why, ms, left_aside, asked, late_seconds, ttl_seconds
        )

    async def _follow(
        self, name: str, record_type: RecordType, lifetime_seconds: float, sockets: QuestionSockets
    ) -> tuple[tuple[dns.rdata.Rdata, ...], int]:
        """Ask, and ask again where a server that does not recurse left a CNAME unfollowed; give the shortest time to
        live beside the records.
        """
        resolver = self._configured()
        asked = dns.name.from_text(name)
        cnames = 0
        ttl_seconds = dns.ttl.MAX_TTL
        while True:
            answer = await resolver.resolve(
                asked,
                dns.rdatatype.from_text(record_type),
                raise_on_no_answer=False,
                search=False,
                lifetime=lifetime_seconds,
                backend=sockets,
            )
            cnames += len(answer.chaining_result.cnames)
            ttl_seconds = min(ttl_seconds, answer.chaining_result.minimum_ttl)
            if cnames > MAX_CNAMES:
                raise _TooManyCnames
            if answer.rrset is not None:
                return tuple(answer.rrset), ttl_seconds
            if answer.canonical_name == asked:
                return (), ttl_seconds
            asked = answer.canonical_name

    def _configured(self) -> dns.asyncresolver.Resolver:
        """Build the resolver once, and anew when the system's configuration has changed under a long run."""
        state = None if self._nameservers else _state_of(self._resolv_conf)
        if self._resolver is None or state != self._read_at_state:
            if self._nameservers:
                self._resolver = dns.asyncresolver.Resolver(configure=False)
                self._resolver.nameservers = self._nameservers
            else:
                self._resolver = dns.asyncresolver.Resolver(str(self._resolv_conf))
            self._resolver.timeout = ATTEMPT_SECONDS
            self._read_at_state = state
        return self._resolver


def _nameserver(address: HostPort) -> dns.nameserver.Nameserver:
    if not is_address(address.host):
        raise SettingInvalid(
            f"The nameserver {address} cannot be used: it must be an IP address; "
            "write one such as 192.0.2.53 or [2001:db8::53]:5353."
        )
    return dns.nameserver.Do53Nameserver(address.host, address.port or DNS_PORT)


def _state_of(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _is_ours(refusal: dns.resolver.NoNameservers) -> bool:
    """Whether a server was not asked for want of a socket of ours: what the others said is then not the whole."""
    return any(
        isinstance(error, OSError) and error.errno in EXHAUSTED for *_, error, _ in refusal.kwargs["errors"]
    )


def _say_errors(refusal: dns.resolver.NoNameservers) -> Sentence:
    """Say what each resolver answered: its response code, or what hindered it."""
    said: list[Sentence] = []
    for server, _, _, error, _ in refusal.kwargs["errors"]:
        if isinstance(error, dns.message.ChainTooLong):
            fault = Sentence("dns.fault.cname-loop")
        elif isinstance(error, OSError):
            address, words = server.removeprefix("Do53:"), error.strerror or error
            fault = Sentence.of("dns.fault.unreachable", server=address, words=words)
        else:
            fault = Sentence.of("dns.fault.library", words=str(error) or type(error).__name__)
        if fault not in said:
            said.append(fault)
    return listed(said or [Sentence.of("dns.fault.library", words=refusal)], Joint.COMMA)


def _say_cname(name: str, missing: dns.resolver.NXDOMAIN) -> Sentence | None:
    last = _text(missing.canonical_name)
    return None if last == name else Sentence.of("dns.fault.cname", name=last)


def _text(name: dns.name.Name) -> str:
    return "" if name == dns.name.root else name.to_text(omit_final_dot=True).lower()


def _read_address(record: A | AAAA) -> str:
    return str(record.address)


def _read_srv(record: SRV) -> SrvRecord:
    return SrvRecord(record.priority, record.weight, record.port, _text(record.target))


def _read_naptr(record: NAPTR) -> NaptrRecord:
    return NaptrRecord(
        record.order,
        record.preference,
        record.flags.decode("ascii", "backslashreplace"),
        record.service.decode("ascii", "backslashreplace"),
        record.regexp.decode("ascii", "backslashreplace"),
        _text(record.replacement),
    )
