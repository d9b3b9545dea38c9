"""Where fuzzing begins: for each target a few inputs that are right, since noise alone gets nowhere."""

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address

import dns.message
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_RESPONSE = b"".join(
    (
        b"SIP/2.0 401 Unauthorized\r\n",
        b"Via: SIP/2.0/UDP 192.0.2.1:5060;rport=5060;received=192.0.2.1;branch=z9hG4bKabc\r\n",
        b'From: "a, b" <sip:a@b.example>;tag=1\r\nTo: <sip:a@b.example>;tag=2\r\n',
        b"Call-ID: c@192.0.2.1\r\nCSeq: 2 REGISTER\r\n",
        b'WWW-Authenticate: Digest realm="r \\" x", nonce="n", qop="auth,auth-int", algorithm=SHA-256\r\n',
        b"Retry-After: 5 (a)\r\nServer: x\r\nContent-Length: 4\r\n\r\nbody",
    )
)
_COMPACT = b"".join(
    (
        b"OPTIONS sip:[2001:db8::1]:5070;transport=tcp SIP/2.0\r\nv: SIP/2.0/TCP a;received=::1, SIP/2.0/UDP b\r\n",
        b"f: sip:a@b;tag=1\r\nt: sip:a@b\r\ni: c\r\nCSeq :\r\n 00002 OPTIONS\nl:0\n\r\n",
    )
)
_CHALLENGES = (
    b'Digest realm="r \\" x", nonce="n", qop="auth,auth-int", algorithm=SHA-256, opaque="o", stale=true',
    b'Basic realm="r"\nDigest realm="CORP\\\\voice",nonce="1",algorithm=MD5-sess,qop=auth, Negotiate',
)
_SESSION = b"".join(
    (
        b"v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7/127\r\nt=0 0\r\na=sendrecv\r\n",
        b"m=audio 4000/2 RTP/AVP 96 0 8 101\r\na=rtpmap:96 PCMA/8000/1\r\na=rtpmap:101 telephone-event/8000\r\n",
        b"a=rtcp:4001 IN IP4 198.51.100.8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:",
        b"A" * 40 + b"|2^20\r\nm=video 0 RTP/SAVPF 97\r\na=rtcp-mux\r\n",
    )
)
_ZONE = (
    ("carrier.test.", "A", ("192.0.2.1", "192.0.2.2")),
    ("carrier.test.", "AAAA", ("2001:db8::1",)),
    ("_sip._udp.carrier.test.", "SRV", ("10 5 5060 edge.carrier.test.", "20 0 5080 .")),
    ("carrier.test.", "NAPTR", ('10 10 "s" "SIP+D2U" "" _sip._udp.carrier.test.',)),
)


def seeds() -> Mapping[str, tuple[bytes, ...]]:
    """Give inputs by the target's name."""
    messages = (_RESPONSE, _COMPACT)
    return {
        "parser": messages,
        "challenge": _CHALLENGES,
        "framing": (*messages, _RESPONSE + _COMPACT + b"\r\n\r\n" + _RESPONSE),
        "dns-answer": (*(_answer(*zone) for zone in _ZONE), _aliased()),
        "certificate": tuple(_certificate(names) for names in _certificate_names()),
        "sdp": (_SESSION, _SESSION.replace(b"\r\n", b"\n").replace(b"RTP/AVP", b"RTP/SAVP")),
        "media-packets": (
            b"\x80\x80\x00\x01\x00\x00\x00\xa0\x00\x00\x00\x07" + b"\xff" * 160,
            b"\xb1\x08\x00\x01\x00\x00\x00\xa0\x00\x00\x00\x07"
            + bytes(4)
            + b"\xbe\xde\x00\x01"
            + bytes(24)
            + b"\x04",
            b"\x81\xc8\x00\x0c" + bytes(48) + b"\x81\xca\x00\x02" + bytes(8) + b"\x81\xcb\x00\x01" + bytes(4),
        ),
    }


def _answer(name: str, kind: str, records: tuple[str, ...]) -> bytes:
    answer = dns.message.make_response(dns.message.make_query(name, kind))
    answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *records))
    return answer.to_wire()


def _aliased() -> bytes:
    answer = dns.message.make_response(dns.message.make_query("sip.carrier.test.", "A"))
    answer.answer.append(dns.rrset.from_text("sip.carrier.test.", 60, "IN", "CNAME", "edge.carrier.test."))
    answer.answer.append(dns.rrset.from_text("edge.carrier.test.", 60, "IN", "A", "192.0.2.1"))
    return answer.to_wire()


def _certificate_names() -> tuple[tuple[x509.GeneralName, ...], ...]:
    return (
        (),
        (x509.DNSName("carrier.test"), x509.DNSName("*.carrier.test")),
        (x509.UniformResourceIdentifier("sip:carrier.test:5061"), x509.IPAddress(ip_address("192.0.2.1"))),
    )


def _certificate(names: tuple[x509.GeneralName, ...]) -> bytes:
    # The same bytes in every run, but for the signature.
    key = ec.derive_private_key(7, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "carrier.test")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
