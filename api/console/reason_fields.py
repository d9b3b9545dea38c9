"""The field of a new trunk that mends what a test came to."""

from collections.abc import Mapping

from sipcheck.reasons import Reason

_FIELDS: Mapping[Reason, str] = {
    Reason.TARGET_INVALID: "domain",
    Reason.ADDRESS_FORBIDDEN: "domain",
    Reason.DNS_NXDOMAIN: "domain",
    Reason.DNS_NO_RECORDS: "domain",
    Reason.DNS_SERVICE_REFUSED: "domain",
    Reason.DNS_SERVFAIL: "domain",
    Reason.DNS_TIMEOUT: "domain",
    Reason.HOST_UNREACHABLE: "domain",
    Reason.NO_RESPONSE: "domain",
    Reason.TLS_NAME_MISMATCH: "domain",
    Reason.SIP_REDIRECTED: "domain",
    Reason.PORT_FORBIDDEN: "port",
    Reason.CONNECTION_REFUSED: "port",
    Reason.CONNECTION_TIMEOUT: "port",
    Reason.CONNECTION_RESET: "port",
    Reason.SIP_NOT_SPOKEN: "port",
    Reason.TLS_NOT_SPOKEN: "transport",
    Reason.TLS_HANDSHAKE_FAILED: "transport",
    Reason.TLS_VERSION_UNSUPPORTED: "transport",
    Reason.CREDENTIALS_MISSING: "username",
    Reason.REGISTRATION_FORBIDDEN: "username",
    Reason.ACCOUNT_NOT_FOUND: "username",
    Reason.CREDENTIALS_REJECTED: "password",
    Reason.CREDENTIALS_FROZEN: "password",
    Reason.REALM_MISMATCH: "auth_realm",
    Reason.ALIVE_CREDENTIALS_UNPROVEN: "proof",
    Reason.CALL_FORBIDDEN: "proof",
}


def field_of_reason(reason: Reason) -> str | None:
    """Name the field; None where no field of ours mends it."""
    return _FIELDS.get(reason)
