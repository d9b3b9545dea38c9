"""A real DNS server on loopback, UDP and TCP on one port, with a zone and named faults."""

import errno
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zonefile

from sipcheck.target import HostPort

_UDP_OCTETS = 512  # RFC 1035 §4.2.1
_TTL_SECONDS = 60


class Fault(StrEnum):
    """What to do to a question instead of answering it."""

    SERVFAIL = "servfail"
    REFUSED = "refused"
    FORMERR = "formerr"
    NOTIMP = "notimp"
    NXDOMAIN = "nxdomain"
    NO_RECORDS = "no-records"
    SILENT = "silent"
    TRUNCATED = "truncated"  # over UDP alone, so that the client must come by TCP
    UNFOLLOWED_CNAME = "unfollowed-cname"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class Query:
    name: str
    record_type: str
    transport: str


class DnsServer:
    """Serves `zone`, lines of a master file with absolute names, such as
    `carrier.example. SRV 10 0 5060 sip.carrier.example.`

    `faults` is keyed by (name, record type); "*" in either place means any. Usable with `with` and
    `async with`; it answers from threads of its own, so a blocking test may use it too.
    """

    def __init__(
        self,
        zone: str = "",
        *,
        faults: Mapping[tuple[str, str], Fault] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.faults = dict(faults or {})
        self.queries: list[Query] = []
        self._host = host
        self._port = port
        self._zone: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], dns.rrset.RRset] = {}
        self._names: set[dns.name.Name] = set()
        self.serve(zone)
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def address(self) -> HostPort:
        """The address to give as nameserver, once it runs."""
        return HostPort(self._host, self._port)

    def serve(self, zone: str) -> None:
        """Replace the zone while running."""
        self._zone = _read_zone(zone)
        # A name that has others below it exists too (RFC 8020 §3.1).
        self._names = {above for owner, _ in self._zone for above in _and_above(owner)}

    def close_tcp(self) -> None:
        """Refuse TCP from now on."""
        listener = self._sockets[1]
        if listener.fileno() != -1:
            listener.shutdown(socket.SHUT_RDWR)
            self._threads[1].join()
            listener.close()

    def asked(self, name: str, record_type: str) -> int:
        """Count the questions for a name and type."""
        return sum(query.name == name and query.record_type == record_type for query in self.queries)

    def __enter__(self) -> "DnsServer":
        datagram, listener = _bind_both(self._host, self._port)
        self._sockets = [datagram, listener]
        self._port = int(datagram.getsockname()[1])
        self._threads = [
            threading.Thread(target=self._serve_udp, args=(datagram,)),
            threading.Thread(target=self._serve_tcp, args=(listener,)),
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        datagram, _ = self._sockets
        with socket.socket(datagram.family, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (self._host, self._port))
        self.close_tcp()
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    async def __aenter__(self) -> "DnsServer":
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def _serve_udp(self, datagram: socket.socket) -> None:
        while True:
            data, source = datagram.recvfrom(65535)
            if not data:  # the word of __exit__
                return
            if reply := self._reply(data, "udp"):
                datagram.sendto(reply, source)

    def _serve_tcp(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # shut down by __exit__
                return
            with connection:
                connection.settimeout(5)
                data = _read_framed(connection)
                if data and (reply := self._reply(data, "tcp")):
                    connection.sendall(struct.pack("!H", len(reply)) + reply)

    def _reply(self, data: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        record_type = dns.rdatatype.to_text(question.rdtype)
        self.queries.append(Query(name, record_type, transport))
        fault = self._fault(name, record_type)
        if fault is Fault.SILENT:
            return None
        if fault is Fault.GARBAGE:
            return b"HTTP/1.1 400 Bad Request\r\n\r\n"
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.RA
        if fault in (Fault.SERVFAIL, Fault.REFUSED, Fault.FORMERR, Fault.NOTIMP, Fault.NXDOMAIN):
            response.set_rcode(dns.rcode.from_text(fault.upper()))
        elif fault is Fault.TRUNCATED and transport == "udp":
            response.flags |= dns.flags.TC
        elif fault is not Fault.NO_RECORDS:
            self._answer(response, follow=fault is not Fault.UNFOLLOWED_CNAME)
        return _to_wire(response, transport)

    def _fault(self, name: str, record_type: str) -> Fault | None:
        for key in ((name, record_type), (name, "*"), ("*", record_type), ("*", "*")):
            if key in self.faults:
                return self.faults[key]
        return None

    def _answer(self, response: dns.message.Message, *, follow: bool) -> None:
        name, wanted = response.question[0].name, response.question[0].rdtype
        seen: set[dns.name.Name] = set()
        while name not in seen:
            seen.add(name)
            records = self._zone.get((name, wanted))
            if records is not None:
                response.answer.append(records)
                return
            cname = self._zone.get((name, dns.rdatatype.CNAME))
            if cname is None:
                if name not in self._names:
                    response.set_rcode(dns.rcode.NXDOMAIN)
                return
            response.answer.append(cname)
            if not follow:
                return
            name = cname[0].target


def _read_zone(text: str) -> dict[tuple[dns.name.Name, dns.rdatatype.RdataType], dns.rrset.RRset]:
    rrsets = dns.zonefile.read_rrsets(
        text, rdclass=dns.rdataclass.IN, default_ttl=_TTL_SECONDS, origin=dns.name.root, relativize=False
    )
    return {(rrset.name, rrset.rdtype): rrset for rrset in rrsets}


def _and_above(name: dns.name.Name) -> Iterator[dns.name.Name]:
    while name != dns.name.root:
        yield name
        name = name.parent()


def _bind_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        datagram = socket.socket(family, socket.SOCK_DGRAM)
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            datagram.bind((host, port))
            listener.bind((host, datagram.getsockname()[1]))
            listener.listen()
        except OSError as error:
            datagram.close()
            listener.close()
            if port or error.errno != errno.EADDRINUSE:
                raise
            continue  # the number is free for UDP and taken for TCP: draw another
        return datagram, listener


def _read_framed(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as stream:
        prefix = stream.read(2)
        return stream.read(struct.unpack("!H", prefix)[0]) if len(prefix) == 2 else b""


def _to_wire(response: dns.message.Message, transport: str) -> bytes:
    try:
        return response.to_wire(max_size=65535 if transport == "tcp" else _UDP_OCTETS, want_shuffle=False)
    except dns.exception.TooBig:
        response.flags |= dns.flags.TC
        for section in (response.answer, response.authority, response.additional):
            section.clear()
        return response.to_wire(max_size=_UDP_OCTETS)
