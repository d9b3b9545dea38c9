"""TLS: the chain judged by OpenSSL, the name by RFC 5922, both before the first SIP byte.

A refused certificate is read on a second connection that verifies nothing, sends nothing and closes.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sipcheck.diagnosis.details import warn
from sipcheck.errors import SettingInvalid, TransportFailed
from sipcheck.failure import Failure
from sipcheck.host import is_address
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Cause, Reason, WarningCode
from sipcheck.report.model import Certificate, ReportWarning
from sipcheck.report.printable import one_line
from sipcheck.target import HostPort
from sipcheck.transport.certificate import (
    CertificateUnreadable,
    ReadCertificate,
    certificate_warnings,
    read_certificate,
)
from sipcheck.transport.certificate_names import match_name, mismatch
from sipcheck.transport.certificate_refusal import REFUSED_FOR, with_certificate
from sipcheck.transport.infrastructure_trust import ROOT_OF_OURS, refused_name
from sipcheck.transport.stream import StreamChannel
from sipcheck.transport.system_roots import shared_context
from sipcheck.transport.tls_session import TlsSession

_ALERT_SECONDS = 1.0

_FLAGS = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST
_STRICT_FLAGS = _FLAGS | ssl.VerifyFlags.VERIFY_X509_STRICT | ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN


class CertificateRefused(TransportFailed):
    """The certificate does not convince; `certificate` holds its facts where they could be read."""

    def __init__(self, failure: Failure, certificate: Certificate | None) -> None:
        super().__init__(failure)
        self.certificate = certificate


@dataclass(frozen=True, slots=True)
class TlsContexts:
    """One context that verifies, one that only reads; both are shared by all connections of an engine.

    `compared` says that what the voice infrastructure refuses is told; `elsewhere` trusts what it does, where that is
    less than `verifying` trusts.
    """

    verifying: ssl.SSLContext
    reading: ssl.SSLContext
    strict: bool
    compared: bool = False
    elsewhere: ssl.SSLContext | None = None

    @classmethod
    def create(
        cls, *, ca_file: Path | None = None, strict: bool = False, compared: bool = False
    ) -> "TlsContexts":
        """Load the system's roots, and `ca_file` beside them. Raises SettingInvalid for an unusable file."""
        verifying = _trusting(ca_file, strict=strict)
        reading = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        reading.check_hostname = False
        reading.verify_mode = ssl.CERT_NONE
        elsewhere = None
        if compared and ca_file is not None:
            elsewhere = ssl.create_default_context()
            elsewhere.check_hostname = False
        return cls(verifying, reading, strict, compared, elsewhere)


def _make(flags: ssl.VerifyFlags = _FLAGS) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    # Python 3.13 made its defaults stricter; a verdict is no matter of the interpreter.
    context.verify_flags = flags
    context.check_hostname = False  # RFC 5922's rules differ from HTTPS's; match_name applies them
    return context


def _make_strict() -> ssl.SSLContext:
    return _make(_STRICT_FLAGS)


def _trusting(ca_file: Path | None, *, strict: bool) -> ssl.SSLContext:
    try:
        return shared_context(_make_strict if strict else _make, ca_file)
    except ssl.SSLError as error:
        raise SettingInvalid(
            f"CA file {str(ca_file)!r} holds no usable certificate; give a PEM file with one or more "
            "'BEGIN CERTIFICATE' blocks"
        ) from error
    except OSError as error:
        raise SettingInvalid(
            f"CA file {str(ca_file)!r} cannot be read: {error.strerror}; give a readable PEM file"
        ) from error


@dataclass(frozen=True, slots=True)
class _Peer:
    """Whom to connect to for which SIP domain, from where and by which moment on the event loop's clock."""

    remote: HostPort
    domain: str
    source_address: str | None
    deadline_at: float

    async def handshake(self, context: ssl.SSLContext) -> tuple[StreamChannel, TlsSession]:
        """Open a connection of TLS; raises TransportFailed. An IP literal sends no SNI (RFC 6066 §3)."""
        channel = StreamChannel(self.remote)
        server_name = None if is_address(self.domain) else self.domain
        try:
            session = TlsSession(self.remote, self.source_address, context, server_name, channel)
        except ValueError as error:
            said = Sentence.of("tls.name-not-askable", name=one_line(self.domain))
            raise _handshake_failed(said) from error
        try:
            await channel.open(session, self.deadline_at)
        except TransportFailed as error:
            if error.failure.cause is not Cause.SERVER_NAME_UNKNOWN:
                raise
            alert = error.failure.sentence
            asked = Sentence.of("tls.asked-for-none", failure=alert)
            if server_name:
                asked = Sentence.of("tls.asked-for", failure=alert, name=one_line(server_name))
            raise TransportFailed(replace(error.failure, sentence=asked)) from error
        return channel, session


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

    SNI and the name check use `domain`. `host` is the name that DNS led to, which explains a mismatch and never
    heals it. `deadline_at` is on the event loop's clock.
    """
    peer = _Peer(remote, domain, source_address, deadline_at)
    try:
        channel, session = await peer.handshake(contexts.verifying)
    except TransportFailed as error:
        if error.failure.reason not in REFUSED_FOR:
            raise
        raise await _refused(peer, contexts.reading, error.failure) from error
    try:
        presented = _presented(session)
        match = match_name(presented.names, domain, strict=contexts.strict)
        if not match.fits:
            fault = mismatch(presented.names, domain, host, strict=contexts.strict)
            raise CertificateRefused(fault, _facts(presented, session, error=fault.detail))
        facts = _facts(presented, session)
    except TransportFailed:
        await channel.close()
        raise
    channel.certificate = facts
    channel.warnings = certificate_warnings(facts, match)
    if contexts.compared:
        channel.warnings += await _refused_elsewhere(peer, presented, contexts.elsewhere)
    channel.explain_reset = partial(_explain_reset, peer, contexts.verifying)
    return channel


async def _refused_elsewhere(
    peer: _Peer, presented: ReadCertificate, context: ssl.SSLContext | None
) -> tuple[ReportWarning, ...]:
    """Say what the voice infrastructure refuses: a name, or on a second connection that sends nothing, a root."""
    said = [refused_name(presented.names, peer.domain)]
    if context is not None:
        try:
            channel, _ = await peer.handshake(context)
        except TransportFailed as error:
            said.append(ROOT_OF_OURS if error.failure.reason in REFUSED_FOR else None)
        else:
            await channel.close()
    return tuple(
        warn(WarningCode.INFRASTRUCTURE_REFUSES_CERTIFICATE, each) for each in said if each is not None
    )


def _presented(session: TlsSession) -> ReadCertificate:
    der = session.certificate
    if der is None:
        raise _handshake_failed(Sentence("tls.no-certificate"))
    try:
        return read_certificate(der)
    except CertificateUnreadable as error:
        raise _handshake_failed(Sentence("certificate.unreadable")) from error


def _handshake_failed(said: Sentence) -> TransportFailed:
    return TransportFailed(Failure(Reason.TLS_HANDSHAKE_FAILED, said))


async def _explain_reset(peer: _Peer, context: ssl.SSLContext, failure: Failure) -> Failure:
    """Listen on a second connection for the alert that a reset may have swallowed; nothing is sent on it.

    A TLS 1.3 server misses our certificate only after our side of the handshake is done, and answers the SIP
    bytes that follow with a reset, which can overtake its alert.
    """
    if failure.reason is not Reason.CONNECTION_RESET:
        return failure
    # Within the time that connecting has, so that no run outlives its deadline.
    deadline_at = min(asyncio.get_running_loop().time() + _ALERT_SECONDS, peer.deadline_at)
    try:
        channel, session = await replace(peer, deadline_at=deadline_at).handshake(context)
    except TransportFailed as second:
        heard: Failure | None = second.failure
    else:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline_at):
                await session.gone()
        heard = channel.failure
        await channel.close()
    if heard is not None and heard.reason is Reason.TLS_CLIENT_CERTIFICATE_REQUIRED:
        return heard
    return failure


async def _refused(peer: _Peer, context: ssl.SSLContext, failure: Failure) -> CertificateRefused:
    """Read what was refused; the refusal stands whether or not this succeeds."""
    presented = facts = None
    with contextlib.suppress(TransportFailed):
        channel, session = await peer.handshake(context)
        try:
            presented = _presented(session)
            facts = _facts(presented, session, error=failure.detail)
        finally:
            await channel.close()
    return CertificateRefused(with_certificate(failure, presented, datetime.now(UTC)), facts)


def _facts(presented: ReadCertificate, session: TlsSession, *, error: str | None = None) -> Certificate:
    return presented.facts(
        now=datetime.now(UTC),
        tls_version=session.version,
        cipher=session.cipher,
        error=error,
    )
