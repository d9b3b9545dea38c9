"""What is said of TLS and of certificates."""

from sipcheck.diagnosis.texts.text import Text, Texts
from sipcheck.reasons import Cause, Reason

_CERTIFICATE = "Ask the carrier to install"
_CLOCK = " one that is valid now. If other trunks fail in the same way, our own clock is wrong."

TLS: Texts = {
    (Reason.TLS_UNTRUSTED, None): Text(
        "The certificate of {where} leads to no authority that we trust: {detail}.",
        _CERTIFICATE
        + " the certificate together with its intermediate certificates, from a public authority.",
    ),
    (Reason.TLS_UNTRUSTED, Cause.OWN_AUTHORITY): Text(
        "The certificate of {where} comes from an authority that signed itself and that we do not trust: {detail}.",
        "If it is the carrier's own authority, get its root certificate from the carrier over a way that you trust, "
        "and have it added to ours. Otherwise ask the carrier for a certificate of a public authority.",
    ),
    (Reason.TLS_UNTRUSTED, Cause.WRONG_PURPOSE): Text(
        "The certificate of {where}, or one that vouches for it, is not meant for a server: {detail}.",
        _CERTIFICATE + " a certificate for servers: its extended key usage has to include serverAuth.",
    ),
    (Reason.TLS_UNTRUSTED, Cause.WEAK_KEY): Text(
        "A key in the certificates of {where} is too short to be safe: {detail}.",
        _CERTIFICATE
        + " a certificate with a stronger key, from an authority that has one: RSA of 2048 bits or "
        "more, or ECDSA.",
    ),
    (Reason.TLS_UNTRUSTED, Cause.WEAK_SIGNATURE): Text(
        "A certificate of {where} is signed in a way that is no longer safe: {detail}.",
        _CERTIFICATE + " certificates that are signed with SHA-256 or better.",
    ),
    (Reason.TLS_UNTRUSTED, Cause.SIGNATURE_WRONG): Text(
        "The certificates of {where} do not belong together: {detail}.",
        _CERTIFICATE + " the intermediate certificates that its authority issued with the certificate.",
    ),
    (Reason.TLS_UNTRUSTED, Cause.NOT_AN_AUTHORITY): Text(
        "A certificate in the chain of {where} signs another and may not: {detail}.",
        _CERTIFICATE + " the intermediate certificates that its authority issued with the certificate.",
    ),
    (Reason.TLS_UNTRUSTED, Cause.NAMES_NOT_PERMITTED): Text(
        "The authority that issued the certificate of {where} may not do so for its names: {detail}.",
        "Ask the carrier for a certificate of an authority that may vouch for its domain.",
    ),
    (Reason.TLS_UNTRUSTED, Cause.STRICT_RULE): Text(
        "The certificates of {where} break a rule of RFC 5280 that the strict setting applies: {detail}.",
        "Ask the carrier for certificates to the letter of RFC 5280, or check without the strict setting.",
    ),
    (Reason.TLS_UNTRUSTED, Cause.CHAIN_REFUSED): Text(
        "The certificate of {where} was refused: {detail}.",
        "Send the carrier this report, and ask it to install another certificate.",
    ),
    (Reason.TLS_SELF_SIGNED, None): Text(
        "The certificate of {where} is self-signed, so nobody vouches for it.",
        _CERTIFICATE + " a certificate of a public authority.",
    ),
    (Reason.TLS_EXPIRED, None): Text(
        "The certificate of {where} has expired.", _CERTIFICATE + " a renewed certificate."
    ),
    (Reason.TLS_EXPIRED, Cause.INTERMEDIATE_EXPIRED): Text(
        "An authority's certificate in the chain of {where} has expired: {detail}.",
        _CERTIFICATE
        + " renewed intermediate certificates. If the root is the carrier's own, we need its renewed one.",
    ),
    (Reason.TLS_EXPIRED, Cause.CERTIFICATE_UNREAD): Text(
        "A certificate in the chain of {where} has expired; which one could not be read.",
        _CERTIFICATE + " a renewed certificate, with intermediate certificates that are valid.",
    ),
    (Reason.TLS_NOT_YET_VALID, None): Text(
        "The certificate of {where} is not valid yet.",
        _CERTIFICATE + _CLOCK,
    ),
    (Reason.TLS_NOT_YET_VALID, Cause.INTERMEDIATE_NOT_YET_VALID): Text(
        "An authority's certificate in the chain of {where} is not valid yet: {detail}.",
        _CERTIFICATE + _CLOCK,
    ),
    (Reason.TLS_NOT_YET_VALID, Cause.CERTIFICATE_UNREAD): Text(
        "A certificate in the chain of {where} is not valid yet; which one could not be read.",
        _CERTIFICATE + _CLOCK,
    ),
    (Reason.TLS_NAME_MISMATCH, None): Text(
        "The certificate of {where} is not for {domain}: {detail}.",
        "Use the domain that the certificate names if the carrier confirms it, or ask the carrier for a "
        "certificate that names {domain}.",
    ),
    (Reason.TLS_NAME_MISMATCH, Cause.NOTHING_TO_ENTER): Text(
        "The certificate of {where} is not for {domain}: {detail}.",
        "No domain stands there that could be entered instead (a * stands for any label). Ask the carrier for the host "
        "name to enter, or for a certificate that names {domain}.",
    ),
    (Reason.TLS_NAME_MISMATCH, Cause.ADDRESS_AS_NAME): Text(
        "The certificate of {where} does not name the address {domain} as one: {detail}.",
        "Ask the carrier for the domain to enter in place of the address, or for a certificate whose "
        "subjectAltName has {domain} as an iPAddress.",
    ),
    (Reason.TLS_NAME_MISMATCH, Cause.SRV_TARGET_ONLY): Text(
        "The certificate of {where} is not for {domain}: {detail}.",
        "Ask the carrier for a certificate that names {domain}. If it confirms that {host} is its server, set {host} "
        "as the outbound proxy: then that is the name that has to fit.",
    ),
    (Reason.TLS_NAME_MISMATCH, Cause.COMMON_NAME_IGNORED): Text(
        "The certificate of {where} is not for {domain}: {detail}.",
        "Ask the carrier for a certificate whose subjectAltName has {domain}.",
    ),
    (Reason.TLS_NAME_MISMATCH, Cause.SIP_URI_FIRST): Text(
        "To the letter, the certificate of {where} is not for {domain}: {detail}.",
        "Ask the carrier for a certificate whose subjectAltName has the URI sip:{domain}, or check without the strict "
        "setting.",
    ),
    (Reason.TLS_NAME_MISMATCH, Cause.WILDCARD_ONLY): Text(
        "To the letter, the certificate of {where} is not for {domain}: {detail}.",
        "Ask the carrier for a certificate that names {domain} itself, or check without the strict setting.",
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
    (Reason.TLS_NOT_SPOKEN, Cause.PLAIN_SIP_PORT): Text(
        "What listens at {where} speaks SIP without TLS.",
        "Set the trunk's transport to tcp for this port, or check the port: TLS usually runs on 5061.",
    ),
    (Reason.TLS_NOT_SPOKEN, Cause.OTHER_PROTOCOL): Text(
        "What listens at {where} speaks neither TLS nor SIP: {detail}.",
        "Check host and port with the carrier: SIP over TLS usually runs on port 5061.",
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
    (Reason.TLS_HANDSHAKE_FAILED, Cause.HANDSHAKE_UNANSWERED): Text(
        "{where} took the connection and did not answer our TLS: {detail}.",
        "Check the port: one without TLS may wait like this, and TLS usually runs on 5061. If it is right, ask the "
        "carrier whether TLS is open to {our_address}.",
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
