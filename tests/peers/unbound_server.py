"""Unbound serving one zone on loopback, and nothing else of the DNS."""

import shutil
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from tests.peers.ports import free_port
from tests.peers.process import OwnedProcess
from tests.peers.programs import find_program

_ADDRESS = "127.0.0.1"
_QUERY_SECONDS = 0.05

_CONFIGURATION = """\
server:
    interface: {address}@{port}
    port: {port}
    do-ip6: no
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    num-threads: 1
    module-config: "iterator"
    access-control: 127.0.0.0/8 allow
    # No question leaves this machine: everything outside the zone does not exist.
    local-zone: "." static
    local-zone: "{zone}" transparent
remote-control:
    control-enable: no
auth-zone:
    name: "{zone}"
    zonefile: "zone"
    for-downstream: yes
    for-upstream: no
    fallback-enabled: no
"""

_ZONE_HEAD = """\
$ORIGIN {zone}
$TTL 60
@ IN SOA ns.{zone} hostmaster.{zone} 1 3600 600 86400 60
@ IN NS ns.{zone}
ns IN A 127.0.0.1
"""


class UnboundServer(OwnedProcess):
    """Run one Unbound in a folder of its own; records are zone file lines (SRV, NAPTR, A, AAAA, CNAME …).

    `configuration` stands behind the rest of unbound.conf: further clauses, with files in `folder`.
    """

    def __init__(
        self, records: str, folder: Path, *, zone: str = "example.", configuration: str = ""
    ) -> None:
        self.address = _ADDRESS
        self.port = free_port()
        self._zone = zone
        self._zone_file = folder / "zone"
        self._write(records)
        configuration_file = folder / "unbound.conf"
        configuration_file.write_text(
            _CONFIGURATION.format(address=_ADDRESS, port=self.port, folder=folder, zone=zone) + configuration
        )
        # A copy: Debian's AppArmor profile is tied to the installed path, and lets it read no folder of ours.
        program = shutil.copy(find_program("unbound"), folder / "unbound")
        super().__init__(
            str(program),
            ["-d", "-p", "-c", str(configuration_file)],
            ready=self._answers,
            log_file=folder / "unbound.log",
        )

    def change(self, records: str) -> None:
        """Serve other records from now on."""
        self.end()
        self._write(records)
        self.start()

    def _write(self, records: str) -> None:
        self._zone_file.write_text(_ZONE_HEAD.format(zone=self._zone) + records + "\n")

    def _answers(self) -> bool:
        question = dns.message.make_query(self._zone, "SOA")
        try:
            answer = dns.query.udp(question, _ADDRESS, timeout=_QUERY_SECONDS, port=self.port)
        except (dns.exception.Timeout, OSError):
            return False
        return bool(answer.answer)
