"""TLS: the chain judged by OpenSSL, the name by RFC 5922, both before the first SIP byte.

A refused certificate is read on a second connection that verifies nothing, sends nothing and closes.
"""

import asyncio
import contextlib
import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sipcheck.errors import SettingInvalid, TransportFailed
from sipcheck.failure import Failure
from sipcheck.printable import one_line
from sipcheck.reasons import Reason
from sipcheck.report.model import Certificate
from sipcheck.target import HostPort
from sipcheck.transport.certificate import (
    UNREADABLE,
    ReadCertificate,
    certificate_warnings,
    describe_mismatch,
    match_name,
    read_certificate,
)
from sipcheck.transport.stream import Conversation, StreamChannel
from sipcheck.transport.tls_session import TlsSession

_ALERT_SECONDS = 1.0

_CERTIFICATE_REFUSALS = frozenset(
    {
        Reason.TLS_UNTRUSTED,
        Reason.TLS_SELF_SIGNED,
        Reason.TLS_EXPIRED,
        Reason.TLS_NOT_YET_VALID,
        Reason.TLS_NAME_MISMATCH,
    }
)


class CertificateRefused(TransportFailed):
    """The certificate does not convince; `certificate` holds its facts where they could be read."""

    def __init__(self, failure: Failure, certificate: Certificate | None) -> None:
        super().__init__(failure)
        self.certificate = certificate


@dataclass(frozen=True, slots=True)
class TlsContexts:
    """One context that verifies, one that only reads; both are shared by all connections of an engine."""

    verifying: ssl.SSLContext
    reading: ssl.SSLContext
    strict: bool

    @classmethod
    def create(cls, *, ca_file: Path | None = None, strict: bool = False) -> "TlsContexts":
        """Load the system's roots, and `ca_file` beside them. Raises SettingInvalid for an unusable file."""
        verifying = ssl.create_default_context()
        verifying.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
        verifying.check_hostname = False  # RFC 5922's rules differ from HTTPS's; match_name applies them
        if ca_file is not None:
            _load_roots(verifying, ca_file)
        reading = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        reading.check_hostname = False
        reading.verify_mode = ssl.CERT_NONE
        return cls(verifying, reading, strict)


def _load_roots(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except ssl.SSLError as error:
        raise SettingInvalid(
            f"CA file {str(ca_file)!r} holds no usable certificate; give a PEM file with one or more "
            "'BEGIN CERTIFICATE' blocks"
        ) from error
    except OSError as error:
        raise SettingInvalid(
            f"CA file {str(ca_file)!r} cannot be read: {error.strerror}; give a readable PEM file"
        ) from error


async def connect_tls(
    remote: HostPort,
    *,
    domain: str,
    host: str,
    contexts: TlsContexts,
    deadline_at: float,
    source_address: str | None = None,
) -> StreamChannel:
    """Open a verified connection to `remote` for the SIP `domain`; raises TransportFailed.

    SNI and the name check use `domain`; an IP literal sends no SNI (RFC 6066 §3). `host` is the name that DNS led
    to, which explains a mismatch and never heals it. `deadline_at` is on the event loop's clock.
    """
    try:
        conversation, session = await _handshake(
            remote, domain, contexts.verifying, source_address, deadline_at
        )
    except TransportFailed as error:
        if error.failure.reason not in _CERTIFICATE_REFUSALS:
            raise
        facts = await _read_refused(
            remote, domain, contexts, source_address, deadline_at, error.failure.detail
        )
        raise CertificateRefused(error.failure, facts) from error
    try:
        presented = _presented(session)
        match = match_name(presented.names, domain, strict=contexts.strict)
        fault = None if match.fits else describe_mismatch(presented.names, domain, host)
        facts = _facts(presented, session, verified=match.fits, error=fault)
        if fault is not None:
            raise CertificateRefused(Failure(Reason.TLS_NAME_MISMATCH, fault), facts)
    except TransportFailed:
        await conversation.close()
        raise

    async def explain(failure: Failure) -> Failure:
        return await _explain_reset(failure, remote, domain, contexts, source_address, deadline_at)

    return StreamChannel(conversation, remote, facts, certificate_warnings(facts, match), explain)


def _presented(session: TlsSession) -> ReadCertificate:
    der = session.certificate
    if der is None:
        raise _unfinished("the peer presented no certificate")
    try:
        return read_certificate(der)
    except UNREADABLE as error:
        raise _unfinished("the certificate cannot be read") from error


def _unfinished(detail: str) -> TransportFailed:
    return TransportFailed(Failure(Reason.TLS_HANDSHAKE_FAILED, detail))


async def _handshake(
    remote: HostPort, domain: str, context: ssl.SSLContext, source_address: str | None, deadline_at: float
) -> tuple[Conversation, TlsSession]:
    conversation = Conversation(remote)
    server_name = None if _is_literal(domain) else domain
    try:
        session = TlsSession(remote, source_address, context, server_name, conversation)
    except ValueError as error:
        raise _unfinished(f"no server can be asked for by the name {one_line(domain)}") from error
    await conversation.open(session, deadline_at)
    return conversation, session


def _is_literal(domain: str) -> bool:
    try:
        ipaddress.ip_address(domain)
    except ValueError:
        return False
    return True


async def _explain_reset(
    failure: Failure,
    remote: HostPort,
    domain: str,
    contexts: TlsContexts,
    source_address: str | None,
    connect_deadline_at: float,
) -> Failure:
    """Listen on a second connection for the alert that a reset may have swallowed; nothing is sent on it.

    A TLS 1.3 server misses our certificate only after our side of the handshake is done, and answers the SIP
    bytes that follow with a reset, which can overtake its alert.
    """
    if failure.reason is not Reason.CONNECTION_RESET:
        return failure
    # Within the time that connecting has, so that no run outlives its deadline.
    deadline_at = min(asyncio.get_running_loop().time() + _ALERT_SECONDS, connect_deadline_at)
    try:
        conversation, session = await _handshake(
            remote, domain, contexts.verifying, source_address, deadline_at
        )
    except TransportFailed as second:
        return _more_telling(second.failure, failure)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(deadline_at):
            await session.gone()
    heard = conversation.failure
    await conversation.close()
    return _more_telling(heard, failure)


def _more_telling(second: Failure | None, first: Failure) -> Failure:
    wants_certificate = second is not None and second.reason is Reason.TLS_CLIENT_CERTIFICATE_REQUIRED
    return second if second is not None and wants_certificate else first


async def _read_refused(
    remote: HostPort,
    domain: str,
    contexts: TlsContexts,
    source_address: str | None,
    deadline_at: float,
    error: str,
) -> Certificate | None:
    """Read what was refused; the refusal stands whether or not this succeeds."""
    try:
        conversation, session = await _handshake(
            remote, domain, contexts.reading, source_address, deadline_at
        )
    except TransportFailed:
        return None
    try:
        return _facts(_presented(session), session, verified=False, error=error)
    except TransportFailed:
        return None
    finally:
        await conversation.close()


def _facts(
    presented: ReadCertificate, session: TlsSession, *, verified: bool, error: str | None
) -> Certificate:
    return presented.facts(
        now=datetime.now(UTC),
        tls_version=session.version,
        cipher=session.cipher,
        verified=verified,
        error=error,
    )
