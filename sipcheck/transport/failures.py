"""Errors of the operating system, of ICMP and of TLS, mapped to reasons: here and nowhere else."""

import errno
import os
import ssl

from sipcheck.failure import Failure
from sipcheck.reasons import Reason
from sipcheck.transport.certificate_refusal import refusal

_ERRNO_REASONS: dict[int, Reason] = {
    errno.ECONNREFUSED: Reason.CONNECTION_REFUSED,
    errno.ETIMEDOUT: Reason.CONNECTION_TIMEOUT,
    errno.ECONNRESET: Reason.CONNECTION_RESET,
    errno.ECONNABORTED: Reason.CONNECTION_RESET,
    errno.EPIPE: Reason.CONNECTION_RESET,
    errno.ENOTCONN: Reason.CONNECTION_RESET,
    errno.EHOSTUNREACH: Reason.HOST_UNREACHABLE,
    errno.EHOSTDOWN: Reason.HOST_UNREACHABLE,
    errno.ENETUNREACH: Reason.HOST_UNREACHABLE,
    errno.ENETDOWN: Reason.HOST_UNREACHABLE,
    errno.EADDRNOTAVAIL: Reason.HOST_UNREACHABLE,
    errno.EAFNOSUPPORT: Reason.HOST_UNREACHABLE,
    errno.EACCES: Reason.HOST_UNREACHABLE,
    errno.EPERM: Reason.HOST_UNREACHABLE,
    errno.EINVAL: Reason.HOST_UNREACHABLE,  # a bound source address that cannot reach this destination
    errno.EPROTO: Reason.HOST_UNREACHABLE,  # ICMP protocol unreachable
    errno.EMSGSIZE: Reason.HOST_UNREACHABLE,
    errno.EMFILE: Reason.OVERLOADED,
    errno.ENFILE: Reason.OVERLOADED,
    errno.ENOBUFS: Reason.OVERLOADED,
    errno.ENOMEM: Reason.OVERLOADED,
}

# OpenSSL's own names of what it met (SSLError.reason).
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


def from_errno(number: int) -> Failure:
    """Map an errno, also one that ICMP brought; one nobody foresaw counts as unreachable, with its name."""
    name = errno.errorcode.get(number, str(number))
    reason = _ERRNO_REASONS.get(number, Reason.HOST_UNREACHABLE)
    return Failure(reason, f"{os.strerror(number)} ({name})")


def from_error(error: OSError | ssl.SSLError, *, during_handshake: bool = False) -> Failure:
    """Map what a socket or a TLS session raised.

    A peer that hangs up in the middle of the handshake has failed the handshake.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return refusal(error)
    if isinstance(error, ssl.SSLError):
        name = (error.reason or "").upper().replace(" ", "_")
        reason = _SSL_REASONS.get(name)
        if reason is None:
            reason = Reason.TLS_HANDSHAKE_FAILED if during_handshake else Reason.CONNECTION_RESET
        return Failure(reason, name.lower().replace("_", " ") or "the TLS session broke off")
    if isinstance(error, TimeoutError) and error.errno is None and during_handshake:
        return Failure(Reason.TLS_HANDSHAKE_FAILED, "the peer did not answer the TLS handshake in time")
    if isinstance(error, TimeoutError) and error.errno is None:
        return Failure(Reason.CONNECTION_TIMEOUT, "no answer within the time allowed")
    if during_handshake and (error.errno is None or _is_hang_up(error.errno)):
        return Failure(
            Reason.TLS_HANDSHAKE_FAILED, "the peer closed the connection in the middle of the TLS handshake"
        )
    if error.errno is None:
        return Failure(Reason.CONNECTION_RESET, "the peer closed the connection")
    return from_errno(error.errno)


def _is_hang_up(number: int) -> bool:
    return _ERRNO_REASONS.get(number) is Reason.CONNECTION_RESET
