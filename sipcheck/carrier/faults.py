"""The faults a practice carrier can have, each named for what a verification meets."""

from enum import StrEnum


class Fault(StrEnum):
    """One way to go wrong; `description` is one line for a person."""

    description: str

    def __new__(cls, name: str, description: str = "") -> "Fault":
        # The default is for the type checker, which takes a look-up, Fault("slow"), for a call of this.
        fault = str.__new__(cls, name)
        fault._value_ = name
        fault.description = description
        return fault

    WRONG_PASSWORD = "wrong-password", "rejects every password"
    REGISTRATION_FORBIDDEN = "registration-forbidden", "403 to REGISTER once the password is proven"
    ACCOUNT_NOT_FOUND = "account-not-found", "404 to REGISTER once the password is proven"
    SIP_FORBIDDEN = "sip-forbidden", "403 to everything, without a challenge"
    SILENT = "silent", "answers nothing"
    OPTIONS_IGNORED = "options-ignored", "answers no OPTIONS"
    OPTIONS_FAILED = "options-failed", "503 with Retry-After to OPTIONS"
    REGISTER_IGNORED = "register-ignored", "answers no REGISTER"
    REGISTER_REFUSED = "register-refused", "405 to REGISTER, without a challenge"
    SLOW = "slow", "answers after a second"
    SERVICE_UNAVAILABLE = "503", "503 with Retry-After to everything"
    SERVER_ERROR = "server-error", "500 to everything"
    REQUEST_TIMEOUT = "request-timeout", "408 to everything"
    BAD_REQUEST = "bad-request", "400 to everything"
    REDIRECT = "redirect", "302 to another host to everything"
    PROVISIONAL_ONLY = "provisional-only", "100, and no final answer"
    NO_CHALLENGE = "no-challenge", "200 to everything, without a challenge"
    OPTIONS_CHALLENGED = "options-challenged", "challenges OPTIONS too"
    STALE = "stale", "calls the first answered nonce of each attempt stale"
    STALE_LOOP = "stale-loop", "calls every nonce stale"
    SHA256 = "sha256", "challenges with SHA-256 alone"
    SHA512_256 = "sha512-256", "challenges with SHA-512-256 alone"
    MD5_SESS = "md5-sess", "challenges with MD5-sess alone"
    NO_QOP = "no-qop", "challenges in the form of RFC 2069, without qop"
    AUTH_INT = "auth-int", "wants the body protected too (qop auth-int)"
    PROXY_AUTH = "proxy-auth", "challenges with 407"
    SEVERAL_CHALLENGES = "several-challenges", "offers Basic, an unknown algorithm, SHA-256 and MD5 at once"
    BASIC_AUTH = "basic-auth", "offers Basic alone"
    UNKNOWN_ALGORITHM = "unknown-algorithm", "challenges with an algorithm that nobody knows"
    MALFORMED_CHALLENGE = "malformed-challenge", "sends a challenge with a quote too few"
    WRONG_RSPAUTH = "wrong-rspauth", "accepts the password, with an rspauth that does not fit it"
    OTHER_REALM = "other-realm", "challenges with another carrier's realm"
    NOT_SIP = "not-sip", "answers as a web server"
    MALFORMED = "malformed", "answers without a Via"
    TWO_VIAS = "two-vias", "answers with a second Via"
    WRONG_BRANCH = "wrong-branch", "answers with the branch of another request"
    SLOPPY = "sloppy", "folds lines, shortens names, ends lines with LF and leaves the phrase out"
    NAT_REWRITE = "nat-rewrite", "sees the request come from another address"
    RESPONSE_FROM_ELSEWHERE = "response-from-elsewhere", "answers from another port (UDP)"
    CLOSE = "close", "closes the connection instead of answering (TCP, TLS)"
    EXPIRED_CERTIFICATE = "expired-certificate", "its certificate ended yesterday (TLS)"
    NOT_YET_VALID_CERTIFICATE = "not-yet-valid-certificate", "its certificate begins tomorrow (TLS)"
    SELF_SIGNED_CERTIFICATE = "self-signed-certificate", "signed its certificate itself (TLS)"
    UNTRUSTED_CERTIFICATE = "untrusted-certificate", "has its certificate from another authority (TLS)"
    WRONG_NAME_CERTIFICATE = "wrong-name-certificate", "its certificate names another host (TLS)"
    WILDCARD_CERTIFICATE = "wildcard-certificate", "its certificate names *.practice.example alone (TLS)"
    COMMON_NAME_ONLY_CERTIFICATE = (
        "common-name-only-certificate",
        "its certificate names practice.example in the common name alone (TLS)",
    )
    EXPIRING_CERTIFICATE = "expiring-certificate", "its certificate ends in ten days (TLS)"
    CLIENT_CERTIFICATE = "client-certificate", "wants a certificate of the client too (TLS)"
    TLS_NOT_SPOKEN = "tls-not-spoken", "speaks plain text on its TLS port"
    HANDSHAKE_CLOSED = "handshake-closed", "closes in the middle of the TLS handshake"
    OLD_TLS = "old-tls", "speaks TLS 1.1 at most"
