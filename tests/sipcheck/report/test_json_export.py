"""The names in docs/design/command-line.md: never renamed, only added to."""

import json
from collections.abc import Callable

from sipcheck import TransportName
from sipcheck.report.json_export import report_to_json
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.tls_server import TlsServer
from tests.sipcheck.conftest import ALICE, Verify

REPORT = (
    "outcome reason cause party credentials summary advice retry_at target checks warnings edges trace knocks "
    "started_at duration_ms sentences"
)
TARGET = "domain port transport username outbound_proxy"
CHECK = "name state code detail ms sentences"
WARNING = "code detail edge sentences"
EDGE = (
    "host address port transport priority weight outcome reason sip_status sip_reason server rtt_ms retransmissions "
    "retry_after_seconds facts defects local_address received_address certificate knocks"
)
CERTIFICATE = "subject issuer names not_after days_left tls_version cipher verified error"
TRACE = "at_ms edge direction text source destination octets cut_bytes"


async def test_every_name_in_its_order(
    tls_server_factory: Callable[..., TlsServer], certificates: Certificates, verify: Verify
) -> None:
    server = tls_server_factory(certificate=certificates[CertificateKind.SAN_IP])
    report = await verify(
        f"127.0.0.1:{server.port}",
        transport=TransportName.TLS,
        ca_file=certificates.ca_file,
        credentials=ALICE,
    )
    exported = json.loads(json.dumps(report_to_json(report)))
    assert list(exported) == REPORT.split()
    assert list(exported["target"]) == TARGET.split()
    assert [list(check) for check in exported["checks"]] == [CHECK.split()] * 7
    assert [list(edge) for edge in exported["edges"]] == [EDGE.split()]
    assert list(exported["edges"][0]["certificate"]) == CERTIFICATE.split()
    assert {tuple(step) for step in exported["trace"]} == {tuple(TRACE.split())}
    assert exported["started_at"].endswith("Z")
    assert exported["edges"][0]["certificate"]["not_after"].endswith("Z")
    assert exported["retry_at"] is None
    assert exported["target"]["username"] == "alice"
