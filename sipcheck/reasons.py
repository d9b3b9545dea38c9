"""The closed vocabularies of a verdict: outcomes, parties, reasons, warnings. Names are added, never renamed."""

from enum import StrEnum


class Outcome(StrEnum):
    VERIFIED = "verified"
    REACHABLE = "reachable"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


class Party(StrEnum):
    """Who has to act."""

    CARRIER = "carrier"
    NETWORK = "network"
    CONFIGURATION = "configuration"
    OURS = "ours"
    NOBODY = "nobody"


class CredentialState(StrEnum):
    PROVEN = "proven"
    UNPROVEN = "unproven"
    REJECTED = "rejected"
    NOT_TESTED = "not-tested"


class Reason(StrEnum):
    CREDENTIALS_PROVEN = "credentials-proven"
    ALIVE = "alive"
    ALIVE_CREDENTIALS_UNPROVEN = "alive-credentials-unproven"
    CREDENTIALS_MISSING = "credentials-missing"
    SIP_FORBIDDEN = "sip-forbidden"
    TARGET_INVALID = "target-invalid"
    ADDRESS_FORBIDDEN = "address-forbidden"
    PORT_FORBIDDEN = "port-forbidden"
    DNS_NXDOMAIN = "dns-nxdomain"
    DNS_NO_RECORDS = "dns-no-records"
    DNS_SERVICE_REFUSED = "dns-service-refused"
    DNS_SERVFAIL = "dns-servfail"
    DNS_TIMEOUT = "dns-timeout"
    CONNECTION_REFUSED = "connection-refused"
    CONNECTION_TIMEOUT = "connection-timeout"
    CONNECTION_RESET = "connection-reset"
    HOST_UNREACHABLE = "host-unreachable"
    NO_RESPONSE = "no-response"
    TLS_UNTRUSTED = "tls-untrusted"
    TLS_SELF_SIGNED = "tls-self-signed"
    TLS_EXPIRED = "tls-expired"
    TLS_NOT_YET_VALID = "tls-not-yet-valid"
    TLS_NAME_MISMATCH = "tls-name-mismatch"
    TLS_VERSION_UNSUPPORTED = "tls-version-unsupported"
    TLS_CLIENT_CERTIFICATE_REQUIRED = "tls-client-certificate-required"
    TLS_NOT_SPOKEN = "tls-not-spoken"
    TLS_HANDSHAKE_FAILED = "tls-handshake-failed"
    SIP_NOT_SPOKEN = "sip-not-spoken"
    SIP_MALFORMED_RESPONSE = "sip-malformed-response"
    SIP_SERVICE_UNAVAILABLE = "sip-service-unavailable"
    SIP_SERVER_ERROR = "sip-server-error"
    SIP_REQUEST_TIMEOUT = "sip-request-timeout"
    SIP_BAD_REQUEST = "sip-bad-request"
    SIP_REDIRECTED = "sip-redirected"
    CREDENTIALS_REJECTED = "credentials-rejected"
    REGISTRATION_FORBIDDEN = "registration-forbidden"
    ACCOUNT_NOT_FOUND = "account-not-found"
    CREDENTIALS_FROZEN = "credentials-frozen"
    REALM_MISMATCH = "realm-mismatch"
    AUTH_ALGORITHM_UNSUPPORTED = "auth-algorithm-unsupported"
    AUTH_CHALLENGE_MALFORMED = "auth-challenge-malformed"
    AUTH_STALE_LOOP = "auth-stale-loop"
    AUTH_SCHEME_UNSUPPORTED = "auth-scheme-unsupported"
    DEADLINE_EXCEEDED = "deadline-exceeded"
    OVERLOADED = "overloaded"
    CANCELLED = "cancelled"
    SECRET_UNREADABLE = "secret-unreadable"


class WarningCode(StrEnum):
    """Worth knowing, never a verdict."""

    EDGE_DOWN = "edge-down"
    OPTIONS_IGNORED = "options-ignored"
    REGISTER_IGNORED = "register-ignored"
    REGISTER_REFUSED = "register-refused"
    NAT_REWRITE = "nat-rewrite"
    RESPONSE_SOURCE_DIFFERS = "response-source-differs"
    CERTIFICATE_EXPIRES_SOON = "certificate-expires-soon"
    TLS_WILDCARD_NAME = "tls-wildcard-name"
    TLS_COMMON_NAME_ONLY = "tls-common-name-only"
    PORT_SUPPRESSES_SRV = "port-suppresses-srv"
    REPLY_DEFECTS = "reply-defects"
    RETRANSMITTED = "retransmitted"
    DNS_PARTIAL = "dns-partial"
