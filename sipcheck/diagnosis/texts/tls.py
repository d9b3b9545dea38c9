"""What is said of TLS and of certificates."""

from sipcheck.diagnosis.texts.text import Text, Texts
from sipcheck.reasons import Cause, Reason

_CERTIFICATE = "Ask the carrier to install"

TLS: Texts = {
    (Reason.TLS_UNTRUSTED, None): Text(
        "The certificate of {where} was not issued by an authority we trust: {detail}.",
        _CERTIFICATE
        + " the certificate together with its intermediate certificates, from a public authority.",
    ),
    (Reason.TLS_SELF_SIGNED, None): Text(
        "The certificate of {where} is self-signed, so nobody vouches for it.",
        _CERTIFICATE + " a certificate of a public authority.",
    ),
    (Reason.TLS_EXPIRED, None): Text(
        "The certificate of {where} has expired.", _CERTIFICATE + " a renewed certificate."
    ),
    (Reason.TLS_NOT_YET_VALID, None): Text(
        "The certificate of {where} is not valid yet.",
        _CERTIFICATE
        + " one that is valid now. If other trunks fail in the same way, our own clock is wrong.",
    ),
    (Reason.TLS_NAME_MISMATCH, None): Text(
        "The certificate of {where} is not for {domain}: {detail}.",
        "Use the domain that the certificate names if the carrier confirms it, or ask the carrier for a "
        "certificate that names {domain}.",
    ),
    (Reason.TLS_VERSION_UNSUPPORTED, None): Text(
        "{where} speaks only versions of TLS older than 1.2, which are no longer safe.",
        "Ask the carrier to enable TLS 1.2 or 1.3.",
    ),
    (Reason.TLS_CLIENT_CERTIFICATE_REQUIRED, None): Text(
        "{where} asks for a certificate of ours, and we present none.",
        "Ask the carrier for a trunk that is authorised by password or by IP address.",
    ),
    (Reason.TLS_NOT_SPOKEN, None): Text(
        "What listens at {where} does not speak TLS.",
        "Check the port: TLS usually runs on 5061. Or choose udp or tcp for this port.",
    ),
    (Reason.TLS_HANDSHAKE_FAILED, Cause.SERVER_NAME_UNKNOWN): Text(
        "{where} speaks TLS, but not for this trunk's domain: {detail}.",
        "Check the domain: enter the one that the carrier gave you for TLS, not an address or an alias of it.",
    ),
    (Reason.TLS_HANDSHAKE_FAILED, Cause.PLAIN_SIP_PORT): Text(
        "{where} does not take our TLS: {detail}.",
        "Check the port: TLS usually runs on 5061. Or choose tcp or udp for this port. If it is right, ask the carrier "
        "whether TLS is open to {our_address}.",
    ),
    (Reason.TLS_HANDSHAKE_FAILED, Cause.VERSIONS_OR_CIPHERS): Text(
        "{where} and we have no form of TLS in common: {detail}.",
        "Ask the carrier which TLS versions and ciphers it takes: we offer TLS 1.2 and 1.3 with the usual ciphers.",
    ),
    (Reason.TLS_HANDSHAKE_FAILED, None): Text(
        "The TLS handshake with {where} failed: {detail}.",
        "Ask the carrier which TLS versions and ciphers it takes, and whether it wants a client certificate.",
    ),
}
