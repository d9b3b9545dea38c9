"""What zones and resolvers in the field do with SRV (docs/design/sip.md, "Causes")."""

import itertools
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report, WarningCode
from tests.peers.dns_server import DnsServer, Fault
from tests.peers.udp_peer import UdpPeer
from tests.sipcheck.provoked.field_rows import (
    FieldRow,
    Place,
    Scene,
    Script,
    assert_row,
    challenge,
    scripted,
)

DOMAIN = "trunk.test"
HOST_AND_PORT = "host name or IP address and the port"
# What is said of a domain that is not there at all.
SPELLING = "Check the spelling"
FAILED: Mapping[str, Any] = {
    "outcome": Outcome.FAILED,
    "credentials": CredentialState.NOT_TESTED,
    "party": Party.CONFIGURATION,
    "exit_status": 1,
}
CARRIERS: Mapping[str, Any] = {**FAILED, "party": Party.CARRIER}
INCONCLUSIVE: Mapping[str, Any] = {
    "outcome": Outcome.INCONCLUSIVE,
    "credentials": CredentialState.NOT_TESTED,
    "party": Party.NETWORK,
    "exit_status": 3,
}
PROVEN = scripted(register=[(401, [challenge()]), (200, [])])
_numbers = itertools.count(1)


def zone(text: str = "", faults: Mapping[tuple[str, str], Fault] | None = None) -> Scene:
    """A domain of which no server is ever asked."""

    def scene(stack: ExitStack) -> Place:
        server = stack.enter_context(DnsServer(text, faults=faults))
        return Place(target=DOMAIN, nameservers=(server.address,))

    return scene


def srv(target: str, *more: str) -> Scene:
    return zone("\n".join([f"_sip._udp.{DOMAIN}. SRV 10 0 5060 {target}.", *more]))


def by_address(script: Script | None, fault: Fault = Fault.SILENT, record_type: str = "SRV") -> Scene:
    """A fault of DNS, and a domain whose own address answers SIP on its port, or is silent."""

    def scene(stack: ExitStack) -> Place:
        # An address of this row's and this process's own, since the port is SIP's.
        address = f"127.83.{os.getpid() % 250}.{next(_numbers)}"
        stack.enter_context(UdpPeer(script or (lambda _: []), address=address, port=5060))
        faults = {("*", each): fault for each in record_type.split()}
        server = stack.enter_context(DnsServer(f"{DOMAIN}. A {address}", faults=faults))
        return Place(target=f"sip:{DOMAIN}", nameservers=(server.address,))

    return scene


def refused(fault: Fault) -> FieldRow:
    return FieldRow(
        name=f"srv-{fault}",
        scene=by_address(PROVEN, fault),
        reason=Reason.DNS_SERVFAIL,
        cause=Cause.SRV_REFUSED,
        says=(f"{DOMAIN} itself leads to 127.83.", HOST_AND_PORT, "(" + fault.upper()),
        never_says=("often passes", "does not exist"),
        **INCONCLUSIVE,
    )


ROWS = [
    FieldRow(
        name="srv-target-gone",
        scene=srv(f"gone.{DOMAIN}"),
        reason=Reason.DNS_NXDOMAIN,
        cause=Cause.SRV_TARGET_MISSING,
        says=(f"gone.{DOMAIN}, which an SRV record names, does not exist", HOST_AND_PORT),
        never_says=("The trunk's domain does not exist", SPELLING),
        **CARRIERS,
    ),
    FieldRow(
        name="srv-target-cname-to-nothing",
        scene=srv(f"alias.{DOMAIN}", f"alias.{DOMAIN}. CNAME gone.test."),
        reason=Reason.DNS_NXDOMAIN,
        cause=Cause.SRV_TARGET_MISSING,
        says=("its CNAME leads to gone.test",),
        never_says=(SPELLING,),
        **CARRIERS,
    ),
    FieldRow(
        name="domain-cname-to-nothing",
        scene=zone(f"{DOMAIN}. CNAME gone.test."),
        reason=Reason.DNS_NXDOMAIN,
        cause=Cause.CNAME_TARGET_MISSING,
        says=(f"{DOMAIN} is there, and its CNAME leads to gone.test, which does not exist", HOST_AND_PORT),
        never_says=("domain does not exist", SPELLING),
        **CARRIERS,
    ),
    FieldRow(
        name="domain-cname-without-end",
        scene=zone(
            "\n".join([f"{DOMAIN}. CNAME a0.test.", *(f"a{n}.test. CNAME a{n + 1}.test." for n in range(20))])
        ),
        reason=Reason.DNS_SERVFAIL,
        says=("leads over too many CNAMEs, or they make a loop",),
        **INCONCLUSIVE,
    ),
    FieldRow(
        name="srv-target-is-ipv4",
        scene=srv("192.0.2.10"),
        reason=Reason.DNS_NXDOMAIN,
        cause=Cause.SRV_TARGET_IS_ADDRESS,
        says=("names an IP address where the name of a server belongs", "192.0.2.10"),
        never_says=("domain does not exist", SPELLING),
        **CARRIERS,
    ),
    FieldRow(
        name="srv-target-is-ipv6",
        scene=srv("2001:db8::10"),
        reason=Reason.DNS_NXDOMAIN,
        cause=Cause.SRV_TARGET_IS_ADDRESS,
        says=("2001:db8::10",),
        never_says=(SPELLING,),
        **CARRIERS,
    ),
    FieldRow(
        name="srv-target-is-address-without-records",
        scene=srv("192.0.2.10", '192.0.2.10. TXT "nothing"'),
        reason=Reason.DNS_NO_RECORDS,
        cause=Cause.SRV_TARGET_IS_ADDRESS,
        says=("names an IP address where the name of a server belongs",),
        **CARRIERS,
    ),
    FieldRow(
        name="domain-gone",
        scene=zone(),
        reason=Reason.DNS_NXDOMAIN,
        says=("The trunk's domain does not exist", SPELLING),
        never_says=("SRV record",),
        **FAILED,
    ),
    *(refused(fault) for fault in (Fault.REFUSED, Fault.SERVFAIL, Fault.FORMERR, Fault.NOTIMP)),
    FieldRow(
        name="all-refused",
        scene=by_address(PROVEN, Fault.REFUSED, "*"),
        reason=Reason.DNS_SERVFAIL,
        never_says=("itself leads to",),
        **INCONCLUSIVE,
    ),
    FieldRow(
        name="srv-silent-and-the-address-answers",
        scene=by_address(PROVEN),
        outcome=Outcome.VERIFIED,
        reason=Reason.CREDENTIALS_PROVEN,
        credentials=CredentialState.PROVEN,
        party=Party.NOBODY,
        exit_status=0,
        says=("with a host name and port in the trunk SRV is not asked",),
        warnings=frozenset({WarningCode.DNS_PARTIAL}),
    ),
    FieldRow(
        name="naptr-and-srv-silent-and-the-address-answers",
        scene=by_address(PROVEN, record_type="NAPTR SRV"),
        outcome=Outcome.VERIFIED,
        reason=Reason.CREDENTIALS_PROVEN,
        credentials=CredentialState.PROVEN,
        party=Party.NOBODY,
        exit_status=0,
        warnings=frozenset({WarningCode.DNS_PARTIAL}),
    ),
    FieldRow(
        name="srv-silent-and-the-address-refuses",
        scene=by_address(scripted(register=[(401, [challenge()]), (401, [challenge()])])),
        outcome=Outcome.FAILED,
        reason=Reason.CREDENTIALS_REJECTED,
        credentials=CredentialState.REJECTED,
        party=Party.CONFIGURATION,
        exit_status=1,
        warnings=frozenset({WarningCode.DNS_PARTIAL}),
    ),
    FieldRow(
        name="srv-silent-and-the-address-too",
        scene=by_address(None),
        reason=Reason.DNS_TIMEOUT,
        cause=Cause.SRV_UNANSWERED,
        says=("its own address gave no answer", HOST_AND_PORT),
        never_says=("often passes", "firewall"),
        **{**INCONCLUSIVE, "credentials": CredentialState.UNPROVEN},
    ),
]
# All zones are set up on the loop that the rows run on, so the first ones need time to spare.
ROWS = [replace(row, options={"timeout_seconds": 15}) for row in ROWS]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_dns(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])
