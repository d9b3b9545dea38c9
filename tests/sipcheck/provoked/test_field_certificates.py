"""Certificates that carriers present: each fault is told as what it is, and whose it is (RFC 5280, RFC 5922).

The fast tests run them too, so that every Python gives the same verdicts (`make test-pythons`).
"""

import socket
import ssl
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, WarningCode
from sipcheck.carrier.authority import DAY
from sipcheck.target import TransportName
from tests.peers.chains import Chain, Link, write_chain
from tests.peers.dns_server import DnsServer
from tests.peers.stream_peer import StreamPeer
from tests.peers.tls_server import TlsServer, TlsServerSettings
from tests.sipcheck.provoked.field_rows import FieldRow, Place, Scene, assert_row, verify_all

DOMAIN = "carrier.test"
SRV_TARGET = "edge.carrier.test"
SIP_DOMAIN_USE = ObjectIdentifier("1.3.6.1.5.5.7.3.20")  # RFC 5924

ROOT = Link(common_name="Root", authority=True)
BETWEEN = Link(common_name="Between", authority=True)
SERVER = Link(common_name=DOMAIN, names=(x509.DNSName(DOMAIN),))
PAST: dict[str, Any] = {"starts_after": -90 * DAY, "ends_after": -DAY}
FUTURE: dict[str, Any] = {"starts_after": DAY}

Links = Sequence[Link]


def named(*names: x509.GeneralName, common_name: str = "server") -> Link:
    return Link(common_name=common_name, names=names)


def uri(text: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(text)


def dns(text: str) -> x509.GeneralName:
    return x509.DNSName(text)


def address(text: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(text))


def chain_of(stack: ExitStack, links: Links, sent: Sequence[int] | None) -> Chain:
    return write_chain(Path(stack.enter_context(tempfile.TemporaryDirectory())), links, sent=sent)


def place_of(stack: ExitStack, port: int, chain: Chain) -> Place:
    zone = f"_sips._tcp.{DOMAIN}. SRV 1 0 {port} {SRV_TARGET}.\n{SRV_TARGET}. A 127.0.0.1"
    nameserver = stack.enter_context(DnsServer(zone)).address
    return Place(target=DOMAIN, nameservers=(nameserver,), ca_file=chain.ca_file)


def serving(links: Links, *, at: str | None = None, sent: Sequence[int] | None = None) -> Scene:
    """Serve a chain behind the domain's SRV record, or `at` an address that is itself the target."""

    def scene(stack: ExitStack) -> Place:
        chain = chain_of(stack, links, sent)
        settings = TlsServerSettings(
            certificate=chain.certificate, weak_key_allowed=True, address=at or "127.0.0.1"
        )
        port = stack.enter_context(TlsServer(settings)).port
        if at is None:
            return place_of(stack, port, chain)
        return Place(target=f"[{at}]:{port}" if ":" in at else f"{at}:{port}", ca_file=chain.ca_file)

    return scene


def serving_once(links: Links) -> Scene:
    """Serve the first connection alone, so that the certificate cannot be read on a second one."""

    def scene(stack: ExitStack) -> Place:
        chain = chain_of(stack, links, None)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain.certificate.certificate_file, chain.certificate.key_file)
        served: list[socket.socket] = []

        def conduct(connection: socket.socket) -> None:
            served.append(connection)
            if len(served) > 1:
                return
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(connection, server_side=True).recv(1)

        return place_of(stack, stack.enter_context(StreamPeer(conduct)).port, chain)

    return scene


def refused(
    name: str,
    reason: Reason,
    cause: Cause | None,
    scene: Scene,
    *,
    says: Sequence[str] = (),
    never_says: Sequence[str] = (),
    strict: bool = False,
) -> FieldRow:
    return FieldRow(
        name=name,
        outcome=Outcome.FAILED,
        reason=reason,
        cause=cause,
        credentials=CredentialState.NOT_TESTED,
        party=Party.CARRIER,
        exit_status=1,
        scene=scene,
        transport=TransportName.TLS,
        settings={"tls_strict": strict},
        options={"timeout_seconds": 10},
        says=tuple(says),
        never_says=tuple(never_says),
        knocks=0,
    )


def accepted(name: str, scene: Scene, *warnings: WarningCode, strict: bool = False) -> FieldRow:
    return FieldRow(
        name=name,
        outcome=Outcome.VERIFIED,
        reason=Reason.ALIVE,
        credentials=CredentialState.NOT_TESTED,
        party=Party.NOBODY,
        exit_status=0,
        scene=scene,
        transport=TransportName.TLS,
        settings={"tls_strict": strict},
        options={"timeout_seconds": 10, "credentials": None},
        warnings=frozenset(warnings),
    )


def between(**changes: Any) -> Scene:
    return serving([ROOT, replace(BETWEEN, **changes), SERVER])


def server(**changes: Any) -> Scene:
    return serving([ROOT, BETWEEN, replace(SERVER, **changes)])


def names(*presented: x509.GeneralName, common_name: str = "server") -> Scene:
    return serving([ROOT, named(*presented, common_name=common_name)])


def names_at(at: str, *presented: x509.GeneralName, common_name: str = "server") -> Scene:
    return serving([ROOT, named(*presented, common_name=common_name)], at=at)


OWN = ("The certificate of 127.0.0.1:",)  # the beginning of what is said of the server's own certificate
ABOVE = (
    "An authority's certificate in the chain of 127.0.0.1:",
    "its own, issued by CN=Between, is valid from",
)
NOT_ISSUED = ("intermediate certificates", "leads to no authority")

TIMES = [
    refused("expired", Reason.TLS_EXPIRED, None, server(**PAST), says=OWN, never_says=ABOVE),
    refused(
        "expired-as-all-above-it",
        Reason.TLS_EXPIRED,
        None,
        serving([replace(ROOT, **PAST), replace(BETWEEN, **PAST), replace(SERVER, **PAST)]),
        says=OWN,
        never_says=ABOVE,
    ),
    refused(
        "intermediate-expired",
        Reason.TLS_EXPIRED,
        Cause.INTERMEDIATE_EXPIRED,
        between(**PAST),
        says=ABOVE,
        never_says=OWN,
    ),
    refused(
        "root-expired",
        Reason.TLS_EXPIRED,
        Cause.INTERMEDIATE_EXPIRED,
        serving([replace(ROOT, **PAST), BETWEEN, SERVER]),
        says=ABOVE,
        never_says=OWN,
    ),
    refused(
        "which-one-expired-is-not-known",
        Reason.TLS_EXPIRED,
        Cause.CERTIFICATE_UNREAD,
        serving_once([ROOT, BETWEEN, replace(SERVER, **PAST)]),
        says=("which one could not be read",),
        never_says=(*OWN, "its own"),
    ),
    refused("not-yet-valid", Reason.TLS_NOT_YET_VALID, None, server(**FUTURE), says=OWN, never_says=ABOVE),
    refused(
        "intermediate-not-yet-valid",
        Reason.TLS_NOT_YET_VALID,
        Cause.INTERMEDIATE_NOT_YET_VALID,
        between(**FUTURE),
        says=(*ABOVE, "our own clock"),
        never_says=OWN,
    ),
    refused(
        "which-one-is-not-yet-valid-is-not-known",
        Reason.TLS_NOT_YET_VALID,
        Cause.CERTIFICATE_UNREAD,
        serving_once([ROOT, replace(BETWEEN, **FUTURE), SERVER]),
        says=("which one could not be read",),
        never_says=(*OWN, "its own"),
    ),
]


def untrusted(name: str, cause: Cause | None, scene: Scene, *says: str, strict: bool = False) -> FieldRow:
    never = NOT_ISSUED if cause is not None else ()
    return refused(
        name,
        Reason.TLS_UNTRUSTED,
        cause,
        scene,
        says=says,
        never_says=[phrase for phrase in never if phrase not in says],
        strict=strict,
    )


CHAINS = [
    untrusted(
        "client-use-only", Cause.WRONG_PURPOSE, server(uses=(ExtendedKeyUsageOID.CLIENT_AUTH,)), "clientAuth"
    ),
    untrusted(
        "mail-use-only", Cause.WRONG_PURPOSE, server(uses=(ExtendedKeyUsageOID.EMAIL_PROTECTION,)), "emailP"
    ),
    untrusted(
        "sip-use-only", Cause.WRONG_PURPOSE, server(uses=(SIP_DOMAIN_USE,)), "is sipDomain", "serverAuth"
    ),
    untrusted(
        "any-use-but-not-the-servers",
        Cause.WRONG_PURPOSE,
        server(uses=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
        "is anyExtendedKeyUsage",
    ),
    untrusted(
        "intermediate-for-clients",
        Cause.WRONG_PURPOSE,
        between(uses=(ExtendedKeyUsageOID.CLIENT_AUTH,)),
        "or one that vouches for it",
    ),
    untrusted(
        "weak-key", Cause.WEAK_KEY, server(rsa_bits=1024), "its own key is RSA of 1024 bits", "RSA of 2048"
    ),
    untrusted(
        "weak-key-of-the-intermediate", Cause.WEAK_KEY, between(rsa_bits=1024), "its own key is ECDSA on"
    ),
    untrusted(
        "weak-key-of-the-root",
        Cause.WEAK_KEY,
        serving([replace(ROOT, rsa_bits=1024), BETWEEN, SERVER]),
        "CA certificate key too weak",
    ),
    untrusted("intermediate-not-sent", None, serving([ROOT, BETWEEN, SERVER], sent=[]), *NOT_ISSUED),
    untrusted(
        "intermediate-is-no-authority",
        Cause.NOT_AN_AUTHORITY,
        between(authority=False),
        "signs another and may not",
        "intermediate certificates",
    ),
    untrusted(
        "names-outside-of-the-authoritys",
        Cause.NAMES_NOT_PERMITTED,
        between(extensions=(x509.NameConstraints([dns("other.test")], None),)),
        "may not do so for its names",
    ),
    untrusted(
        "to-the-letter-an-older-authority",
        Cause.STRICT_RULE,
        serving([replace(ROOT, to_the_letter=False), replace(SERVER, to_the_letter=False)]),
        "strict setting",
        strict=True,
    ),
    accepted(
        "an-older-authority",
        serving([replace(ROOT, to_the_letter=False), replace(SERVER, to_the_letter=False)]),
    ),
    accepted("to-the-letter", serving([ROOT, BETWEEN, SERVER]), strict=True),
    accepted("the-serial-number-0", server(serial=0)),
    accepted("a-serial-number-below-0", server(serial=0x81)),
    accepted("both-uses", server(uses=(ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH))),
    accepted("the-root-sent-as-well", serving([ROOT, BETWEEN, SERVER], sent=[1, 0])),
]


def misnamed(
    name: str,
    cause: Cause | None,
    scene: Scene,
    *says: str,
    never_says: Sequence[str] = (),
    strict: bool = False,
) -> FieldRow:
    return refused(
        name, Reason.TLS_NAME_MISMATCH, cause, scene, says=says, never_says=never_says, strict=strict
    )


NAMES = [
    *(
        accepted(f"the-uri-{text}", names(uri(text), dns("elsewhere.test")), strict=strict)
        for text in (
            "sip:carrier.test",
            "sip:carrier.test:5061",
            "sip:carrier.test;transport=tls",
            "sip:carrier.test:5061;transport=tls?subject=x",
            "SIP:Carrier.TEST.",
        )
        for strict in (":5061;" in text,)
    ),
    misnamed(
        "the-uri-of-a-user",
        Cause.NOTHING_TO_ENTER,
        names(uri("sip:alice@carrier.test")),
        "it names sip:alice@carrier.test",
    ),
    misnamed("the-uri-of-sips", None, names(uri("sips:carrier.test")), "it names sips:carrier.test"),
    misnamed(
        "the-uri-of-a-website",
        Cause.NOTHING_TO_ENTER,
        names(uri("https://carrier.test")),
        "it names https://carrier.test",
    ),
    misnamed("no-name-at-all", Cause.NOTHING_TO_ENTER, names(common_name="Some PBX"), "it names Some PBX"),
    misnamed(
        "a-wildcard-of-others",
        Cause.NOTHING_TO_ENTER,
        names(dns("*.other.test")),
        "it names *.other.test",
        "Ask the carrier for the host name to enter",
        never_says=["Use the domain that the certificate names"],
    ),
    misnamed(
        "a-wildcard-above",
        Cause.NOTHING_TO_ENTER,
        names(dns("*.sip.carrier.test")),
        "it names *.sip.carrier.test",
        never_says=["Use the domain that the certificate names"],
    ),
    misnamed(
        "a-wildcard-beside-a-name",
        None,
        names(dns("*.other.test"), dns("other.test")),
        "it names *.other.test, other.test",
        "Use the domain that the certificate names",
    ),
    misnamed(
        "to-the-letter-a-dns-name-beside-anothers-uri",
        Cause.SIP_URI_FIRST,
        names(uri("sip:other.test:5061"), dns(DOMAIN)),
        "does not count beside sip:other.test:5061",
        "sip:carrier.test",
        strict=True,
    ),
    accepted("a-dns-name-beside-anothers-uri", names(uri("sip:other.test:5061"), dns(DOMAIN))),
    accepted(
        "to-the-letter-a-dns-name-beside-a-website", names(uri("https://a.test"), dns(DOMAIN)), strict=True
    ),
    accepted("to-the-letter-a-dns-name-beside-a-user", names(uri("sip:a@b.test"), dns(DOMAIN)), strict=True),
    misnamed(
        "to-the-letter-a-wildcard-beside-anothers-uri",
        Cause.SIP_URI_FIRST,
        names(uri("sip:other.test"), dns("*.carrier.test"), dns(DOMAIN)),
        "does not count beside sip:other.test",
        strict=True,
    ),
    misnamed(
        "the-srv-target",
        Cause.SRV_TARGET_ONLY,
        names(dns("a.test"), dns("b.test"), dns("c.test"), dns(SRV_TARGET)),
        "it names edge.carrier.test, the server that DNS leads to",
        "as the outbound proxy: then that is the name that has to fit",
        never_says=["it names a.test", "Use the domain that the certificate names"],
    ),
    misnamed(
        "many-names-of-others",
        None,
        names(*(dns(f"{letter}.test") for letter in "abcde")),
        "it names a.test, b.test, c.test and 2 more",
    ),
    misnamed(
        "the-common-name-beside-other-names",
        Cause.COMMON_NAME_IGNORED,
        names(dns("other.test"), common_name=DOMAIN),
        "does not count beside a subjectAltName; it names other.test",
    ),
    accepted("the-common-name-alone", names(common_name=DOMAIN), WarningCode.TLS_COMMON_NAME_ONLY),
]

ADDRESSES = [
    misnamed(
        "an-address-as-a-dns-name",
        Cause.ADDRESS_AS_NAME,
        names_at("127.0.0.1", dns("127.0.0.1")),
        "it has 127.0.0.1 as a dNSName, and an address counts as an iPAddress alone",
        never_says=["is not for 127.0.0.1"],
    ),
    misnamed(
        "an-address-as-the-common-name",
        Cause.ADDRESS_AS_NAME,
        names_at("127.0.0.1", common_name="127.0.0.1"),
        "as a common name",
        never_says=["is not for 127.0.0.1"],
    ),
    misnamed(
        "an-address-as-the-common-name-beside-names",
        Cause.ADDRESS_AS_NAME,
        names_at("127.0.0.1", dns("pbx.test"), common_name="127.0.0.1"),
        "as a common name",
    ),
    misnamed(
        "an-address-as-a-uri",
        Cause.ADDRESS_AS_NAME,
        names_at("127.0.0.1", uri("sip:127.0.0.1:5061")),
        "as a URI",
    ),
    misnamed(
        "an-ipv6-address-as-a-dns-name",
        Cause.ADDRESS_AS_NAME,
        names_at("::1", dns("0:0:0:0:0:0:0:1")),
        "it has ::1 as a dNSName",
    ),
    misnamed("another-address", None, names_at("127.0.0.1", address("127.0.0.2")), "it names 127.0.0.2"),
    accepted("the-address", names_at("127.0.0.1", address("127.0.0.1"))),
    accepted("the-mapped-address", names_at("127.0.0.1", address("::ffff:127.0.0.1"))),
    accepted("the-ipv6-address", names_at("::1", address("::1"))),
]

ROWS = [*TIMES, *CHAINS, *NAMES, *ADDRESSES]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow) -> None:
    assert_row(row, verify_all([row])[str(row)])


def test_an_authority_of_the_carriers_own(
    tls_server_factory: Callable[..., TlsServer], tmp_path: Path
) -> None:
    """Its root was sent, and it is none of ours."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
    trusted = write_chain(ours, [ROOT, SERVER])

    def scene(stack: ExitStack) -> Place:
        chain = write_chain(theirs, [replace(ROOT, common_name="Carrier CA"), SERVER], sent=[0])
        port = tls_server_factory(certificate=chain.certificate).port
        return place_of(stack, port, trusted)

    row = untrusted(
        "own-authority", Cause.OWN_AUTHORITY, scene, "its issuer is CN=Carrier CA", "over a way that you"
    )
    assert_row(row, verify_all([row])[str(row)])


def test_an_intermediate_that_only_bears_the_name(
    tls_server_factory: Callable[..., TlsServer], tmp_path: Path
) -> None:
    """An authority renewed its certificate with another key, and the carrier sends the wrong one of the two."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    plain = [replace(link, to_the_letter=False) for link in (ROOT, BETWEEN, SERVER)]

    def scene(stack: ExitStack) -> Place:
        other = write_chain(second, plain)
        intermediate = (
            write_chain(first, plain).certificate.certificate_file.read_bytes().split(b"-----END", 1)[0]
        )
        theirs = other.certificate.certificate_file.read_bytes()
        end = b"-----END CERTIFICATE-----\n"
        own = first / "server.pem"
        own.write_bytes(intermediate + end + theirs.split(end, 1)[1])
        certificate = replace(other.certificate, certificate_file=own, key_file=first / "server.key")
        return place_of(stack, tls_server_factory(certificate=certificate).port, other)

    row = untrusted(
        "signature-wrong", Cause.SIGNATURE_WRONG, scene, "do not belong together", "intermediate certificates"
    )
    assert_row(row, verify_all([row])[str(row)])
