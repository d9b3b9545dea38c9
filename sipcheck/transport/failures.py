"""Errors of the operating system, of ICMP and of TLS, mapped to reasons: here and nowhere else."""

import errno
import os
import ssl

from sipcheck.errors import EXHAUSTED
from sipcheck.failure import Failure
from sipcheck.message.protocols import looks_like, opens_as_sip, recognise
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Cause, Reason
from sipcheck.transport.certificate_refusal import refusal
from sipcheck.transport.tls_alert import describe_alert

# Every other one is a way in which a host is unreachable: no route, a closed interface, ENOTCONN of an attempt that has
# ended and of which the system no longer says what, EINVAL of a source address that cannot reach this destination,
# EPROTO of ICMP's protocol unreachable.
_ERRNO_REASONS: dict[int, Reason] = {
    errno.ECONNREFUSED: Reason.CONNECTION_REFUSED,
    errno.ETIMEDOUT: Reason.CONNECTION_TIMEOUT,
    errno.ECONNRESET: Reason.CONNECTION_RESET,
    errno.ECONNABORTED: Reason.CONNECTION_RESET,
    errno.EPIPE: Reason.CONNECTION_RESET,
    **dict.fromkeys(EXHAUSTED, Reason.OVERLOADED),
}

# OpenSSL's own names of what it met (SSLError.reason); of one alert the versions have several.
_SSL_REASONS: dict[str, Reason] = {
    "UNSUPPORTED_PROTOCOL": Reason.TLS_VERSION_UNSUPPORTED,
    "TLSV1_ALERT_PROTOCOL_VERSION": Reason.TLS_VERSION_UNSUPPORTED,
    "UNKNOWN_SSL_VERSION": Reason.TLS_VERSION_UNSUPPORTED,
    "NO_PROTOCOLS_AVAILABLE": Reason.TLS_VERSION_UNSUPPORTED,
    "WRONG_SSL_VERSION": Reason.TLS_VERSION_UNSUPPORTED,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": Reason.TLS_CLIENT_CERTIFICATE_REQUIRED,
    "WRONG_VERSION_NUMBER": Reason.TLS_NOT_SPOKEN,
    "PACKET_LENGTH_TOO_LONG": Reason.TLS_NOT_SPOKEN,
    "RECORD_LAYER_FAILURE": Reason.TLS_NOT_SPOKEN,
    "HTTP_REQUEST": Reason.TLS_NOT_SPOKEN,
    "UNKNOWN_PROTOCOL": Reason.TLS_NOT_SPOKEN,
}

# Alerts and findings of a handshake that have one cause each (RFC 8446 §6.2, RFC 6066 §3), and what is said of it.
_NAME_UNKNOWN = Cause.SERVER_NAME_UNKNOWN, "tls.alert.server-name"
_NOTHING_COMMON = Cause.VERSIONS_OR_CIPHERS, "tls.alert.handshake-failure"
_WEAK_CIPHERS = Cause.VERSIONS_OR_CIPHERS, "tls.alert.insufficient-security"
_WEAK_KEY = Cause.VERSIONS_OR_CIPHERS, "tls.key-too-short"
_SSL_CAUSES: dict[str, tuple[Cause, str]] = {
    "TLSV1_UNRECOGNIZED_NAME": _NAME_UNKNOWN,
    "TLSV1_ALERT_UNRECOGNIZED_NAME": _NAME_UNKNOWN,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": _NOTHING_COMMON,
    "SSL/TLS_ALERT_HANDSHAKE_FAILURE": _NOTHING_COMMON,
    "TLSV1_ALERT_HANDSHAKE_FAILURE": _NOTHING_COMMON,
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": _WEAK_CIPHERS,
    "DH_KEY_TOO_SMALL": _WEAK_KEY,
}


def from_errno(number: int) -> Failure:
    """Map an errno, also one that ICMP brought; one nobody foresaw counts as unreachable, with its name."""
    name = errno.errorcode.get(number, str(number))
    reason = _ERRNO_REASONS.get(number, Reason.HOST_UNREACHABLE)
    return Failure.of(reason, "connection.system", words=os.strerror(number), name=name)


def from_error(
    error: OSError | ssl.SSLError, *, during_handshake: bool = False, first: bytes = b""
) -> Failure:
    """Map what a socket or a TLS session raised.

    A peer that hangs up in the middle of the handshake has failed the handshake; `first` is what it said first in the
    place of one, empty where no byte of its own came.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return refusal(error)
    if isinstance(error, ssl.SSLError):
        name = (error.reason or "").upper().replace(" ", "_")
        reason = _SSL_REASONS.get(name)
        if reason is None and during_handshake and name in _SSL_CAUSES:
            cause, key = _SSL_CAUSES[name]
            return Failure.of(Reason.TLS_HANDSHAKE_FAILED, key, cause)
        if reason is Reason.TLS_NOT_SPOKEN:
            return _spoken_instead(first, name)
        if reason is None:
            reason = Reason.TLS_HANDSHAKE_FAILED if during_handshake else Reason.CONNECTION_RESET
        return Failure(reason, describe_alert(name, first) or _words(name))
    if isinstance(error, TimeoutError) and error.errno is None and during_handshake:
        return _unfinished(first)
    if isinstance(error, TimeoutError) and error.errno is None:
        return Failure.of(Reason.CONNECTION_TIMEOUT, "connection.no-answer")
    hung_up = during_handshake and (error.errno is None or _is_hang_up(error.errno))
    if hung_up and not first:
        return Failure.of(Reason.TLS_HANDSHAKE_FAILED, "tls.hung-up-unheard", Cause.PLAIN_SIP_PORT)
    if hung_up:
        return Failure.of(Reason.TLS_HANDSHAKE_FAILED, "tls.hung-up")
    if error.errno is None:
        return Failure.of(Reason.CONNECTION_RESET, "connection.closed-by-peer")
    return from_errno(error.errno)


def _spoken_instead(first: bytes, name: str) -> Failure:
    """What the peer says in the clear where TLS was expected, as far as its first bytes tell."""
    if opens_as_sip(first):
        return Failure.of(Reason.TLS_NOT_SPOKEN, "tls.plain-sip", Cause.PLAIN_SIP_PORT)
    protocol = recognise(first)
    if protocol is not None and protocol != "tls":
        return Failure(Reason.TLS_NOT_SPOKEN, looks_like(protocol), Cause.OTHER_PROTOCOL)
    return Failure(Reason.TLS_NOT_SPOKEN, _words(name))


def _unfinished(first: bytes) -> Failure:
    if first:
        return Failure.of(Reason.TLS_HANDSHAKE_FAILED, "tls.unfinished")
    return Failure.of(Reason.TLS_HANDSHAKE_FAILED, "tls.unanswered", Cause.HANDSHAKE_UNANSWERED)


def _words(name: str) -> Sentence:
    """OpenSSL's own name of what it met, where it gave one."""
    return (
        Sentence.of("tls.openssl", words=name.lower().replace("_", " "))
        if name
        else Sentence("tls.broke-off")
    )


def _is_hang_up(number: int) -> bool:
    return _ERRNO_REASONS.get(number) is Reason.CONNECTION_RESET
