"""What is said to have changed: a sentence of what was observed, or nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.trunks.forms import STARTED
from trunks.rules.destination_facts import DestinationFacts, SeenCertificate, SeenEdge, address_of, read_facts
from trunks.rules.what_changed import Failure, changes_found, kept_changes, read_changes, read_failure

FIRST, SECOND = SeenEdge("sip1.example", "192.0.2.1:5060/udp"), SeenEdge("sip2.example", "192.0.2.2:5060/udp")
THIRD, MOVED = SeenEdge("sip3.example", "192.0.2.3:5060/udp"), SeenEdge("sip1.example", "192.0.2.9:5060/udp")
CERTIFICATE = SeenCertificate("CN=sip.example", "CN=Intermediate R3", STARTED + timedelta(days=20))
RENEWED = replace(CERTIFICATE, until=STARTED + timedelta(days=90))
OTHER = replace(RENEWED, issuer="CN=Another")
ENDED = replace(CERTIFICATE, until=STARTED - timedelta(hours=1))

BASE = Failure(at=STARTED, reason="no-response", answered_at=STARTED - timedelta(minutes=1))


def edges(*seen: SeenEdge) -> DestinationFacts:
    return DestinationFacts(edges=seen)


def showing(certificate: SeenCertificate | None) -> DestinationFacts:
    return DestinationFacts(certificate=certificate)


def failed(**given: object) -> Failure:
    return replace(BASE, **given)  # type: ignore[arg-type]


THEN = "2026-03-01 11:59:00 UTC"


@pytest.mark.parametrize(
    ("failure", "what", "sentence"),
    [
        (
            failed(before=edges(FIRST, SECOND), after=edges(FIRST)),
            "server",
            f"At the first failure DNS no longer named sip2.example, as it did at {THEN}, but only sip1.example.",
        ),
        (
            failed(before=edges(FIRST), after=edges(THIRD)),
            "server",
            f"At the first failure DNS named sip3.example, and no longer sip1.example, as it did at {THEN}.",
        ),
        (
            failed(before=edges(FIRST), after=edges(MOVED)),
            "address",
            f"DNS led to 192.0.2.1:5060/udp at {THEN}, and to 192.0.2.9:5060/udp at the first failure.",
        ),
        (
            failed(reason="dns-nxdomain", before=edges(FIRST)),
            "dns",
            f"DNS led to sip1.example (192.0.2.1:5060/udp) at {THEN}, and nowhere at the first failure "
            "(dns-nxdomain).",
        ),
        (
            failed(reason="address-forbidden", before=edges(FIRST)),
            "dns",
            f"DNS led to sip1.example (192.0.2.1:5060/udp) at {THEN}, and to what may not be asked at the first "
            "failure (address-forbidden).",
        ),
        (
            failed(reason="tls-untrusted", before=showing(CERTIFICATE), after=showing(RENEWED)),
            "certificate",
            f"The certificate was replaced: it is valid until 2026-05-30, the one at {THEN} was until 2026-03-21, and "
            "an intermediate certificate is missing between its issuer, CN=Intermediate R3, and the authorities we "
            "trust.",
        ),
        (
            failed(reason="tls-untrusted", before=showing(CERTIFICATE), after=showing(CERTIFICATE)),
            "chain",
            "The certificate is the same, but an intermediate certificate is missing between its issuer, "
            "CN=Intermediate R3, and the authorities we trust.",
        ),
        (
            failed(reason="tls-untrusted", before=showing(CERTIFICATE), after=showing(OTHER)),
            "certificate",
            f"The certificate was replaced: it is valid until 2026-05-30, the one at {THEN} was until 2026-03-21; it "
            "is issued by CN=Another, that one was by CN=Intermediate R3. It was refused (tls-untrusted).",
        ),
        (
            failed(reason="tls-expired", before=showing(CERTIFICATE), after=showing(ENDED)),
            "certificate",
            "A certificate of the carrier ended at 2026-03-01 11:00:00 UTC.",
        ),
        (
            failed(certificate_ended_at=STARTED - timedelta(hours=1)),
            "certificate",
            "A certificate of the carrier ended at 2026-03-01 11:00:00 UTC.",
        ),
        (
            failed(reason="realm-mismatch", realm_before="a", realm_after="b"),
            "realm",
            "The realm was a, and is b.",
        ),
        (
            failed(reason="sip-error", server_before="Kamailio 5", server_after="Asterisk\r\n\0 20"),
            "software",
            "What answers calls itself Asterisk \N{REPLACEMENT CHARACTER} 20, and called itself Kamailio 5 before.",
        ),
        (
            failed(usual_ms=20.4, latency_ms=900.0, asked_edges=3),
            "latency",
            "All 3 edges have been silent since 2026-03-01 12:00:00 UTC; the round trip had risen from about 20 ms "
            "(median of the day before) to 900 ms at the last answer.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_what_changed_is_one_sentence(failure: Failure, what: str, sentence: str) -> None:
    (change,) = changes_found(failure)
    assert (change.what, change.sentence) == (what, sentence)
    assert read_changes(kept_changes([change])) == (change,)


@pytest.mark.parametrize(
    "failure",
    [
        BASE,
        failed(before=edges(FIRST), after=edges(FIRST)),
        # Not all that DNS says was seen: what is missing may be there.
        failed(before=edges(FIRST, SECOND), after=DestinationFacts()),
        failed(before=DestinationFacts(), after=edges(FIRST)),
        failed(reason="dns-timeout", before=edges(FIRST)),
        # A certificate that was replaced, and taken, explains no silence.
        failed(before=showing(CERTIFICATE), after=showing(RENEWED)),
        failed(reason="tls-handshake-failed", before=showing(CERTIFICATE), after=showing(CERTIFICATE)),
        failed(
            reason="tls-untrusted", cause="weak-key", before=showing(CERTIFICATE), after=showing(CERTIFICATE)
        ),
        failed(server_before="Kamailio", server_after=None),
        failed(usual_ms=20.0, latency_ms=110.0),
        failed(usual_ms=400.0, latency_ms=900.0),
        failed(usual_ms=None, latency_ms=900.0),
        # It answered, and slowly: that is no silence.
        failed(reason="sip-error", usual_ms=20.0, latency_ms=900.0),
        failed(realm_before="a", realm_after="a"),
    ],
)
def test_what_was_not_observed_is_not_said(failure: Failure) -> None:
    assert changes_found(failure) == ()


def test_what_is_kept_is_read_again() -> None:
    facts = DestinationFacts(edges=(FIRST, SECOND), certificate=CERTIFICATE)
    assert read_facts(facts.kept()) == facts
    failure = failed(
        before=facts, after=edges(FIRST), server_before="Kamailio", latency_ms=12.0, asked_edges=2
    )
    assert read_failure(failure.kept(), usual_ms=None) == failure
    # What is of one account is not kept with the destination.
    assert "realm" not in str(failed(realm_before="a", realm_after="b").kept())


@pytest.mark.parametrize(
    ("name", "address"), [("192.0.2.1:5060/udp", "192.0.2.1"), ("[2001:db8::1]:5061/tls", "2001:db8::1")]
)
def test_an_edge_has_its_address_in_its_name(name: str, address: str) -> None:
    assert address_of(name) == address
