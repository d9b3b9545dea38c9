"""Why a certificate was refused: what OpenSSL says of the chain, beside what the certificate says of itself."""

import ssl
from collections.abc import Iterator, Mapping
from datetime import datetime

from sipcheck.failure import Failure
from sipcheck.phrases.listed import Joint, listed
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Cause, Reason
from sipcheck.transport.certificate import SERVER_USE, ReadCertificate

_Verdict = tuple[Reason, Cause | None]

# X509_V_ERR_…: by its numbers in OpenSSL's x509_vfy.h, which are never given anew.
_EE_KEY_TOO_SMALL = 66
_REFUSALS: Mapping[int, _Verdict] = {
    2: (Reason.TLS_UNTRUSTED, None),  # UNABLE_TO_GET_ISSUER_CERT
    4: (Reason.TLS_UNTRUSTED, Cause.SIGNATURE_WRONG),  # UNABLE_TO_DECRYPT_CERT_SIGNATURE
    6: (Reason.TLS_UNTRUSTED, Cause.SIGNATURE_WRONG),  # UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY
    7: (Reason.TLS_UNTRUSTED, Cause.SIGNATURE_WRONG),  # CERT_SIGNATURE_FAILURE
    9: (Reason.TLS_NOT_YET_VALID, None),  # CERT_NOT_YET_VALID
    10: (Reason.TLS_EXPIRED, None),  # CERT_HAS_EXPIRED
    18: (Reason.TLS_SELF_SIGNED, None),  # DEPTH_ZERO_SELF_SIGNED_CERT
    19: (Reason.TLS_UNTRUSTED, Cause.OWN_AUTHORITY),  # SELF_SIGNED_CERT_IN_CHAIN
    20: (Reason.TLS_UNTRUSTED, None),  # UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    21: (Reason.TLS_UNTRUSTED, None),  # UNABLE_TO_VERIFY_LEAF_SIGNATURE
    25: (Reason.TLS_UNTRUSTED, Cause.NOT_AN_AUTHORITY),  # PATH_LENGTH_EXCEEDED
    26: (Reason.TLS_UNTRUSTED, Cause.WRONG_PURPOSE),  # INVALID_PURPOSE
    32: (Reason.TLS_UNTRUSTED, Cause.NOT_AN_AUTHORITY),  # KEYUSAGE_NO_CERTSIGN
    47: (Reason.TLS_UNTRUSTED, Cause.NAMES_NOT_PERMITTED),  # PERMITTED_VIOLATION
    48: (Reason.TLS_UNTRUSTED, Cause.NAMES_NOT_PERMITTED),  # EXCLUDED_VIOLATION
    _EE_KEY_TOO_SMALL: (Reason.TLS_UNTRUSTED, Cause.WEAK_KEY),
    67: (Reason.TLS_UNTRUSTED, Cause.WEAK_KEY),  # CA_KEY_TOO_SMALL
    68: (Reason.TLS_UNTRUSTED, Cause.WEAK_SIGNATURE),  # CA_MD_TOO_WEAK
    77: (Reason.TLS_UNTRUSTED, Cause.SIGNATURE_WRONG),  # SIGNATURE_ALGORITHM_MISMATCH
    79: (Reason.TLS_UNTRUSTED, Cause.NOT_AN_AUTHORITY),  # INVALID_CA
    # From PATHLEN_INVALID_FOR_NON_CA to EC_KEY_EXPLICIT_PARAMS: what X509_STRICT alone asks for.
    **dict.fromkeys(range(80, 95), (Reason.TLS_UNTRUSTED, Cause.STRICT_RULE)),
}
_OTHERWISE: _Verdict = Reason.TLS_UNTRUSTED, Cause.CHAIN_REFUSED
REFUSED_FOR = frozenset(reason for reason, _ in _REFUSALS.values())

# The moment is wrong for one certificate of the chain; which one, OpenSSL's answer to Python does not say.
_ABOVE = {
    Reason.TLS_EXPIRED: Cause.INTERMEDIATE_EXPIRED,
    Reason.TLS_NOT_YET_VALID: Cause.INTERMEDIATE_NOT_YET_VALID,
}


def refusal(error: ssl.SSLCertVerificationError) -> Failure:
    """Name what OpenSSL found; the detail is in its words."""
    reason, cause = _REFUSALS.get(error.verify_code, _OTHERWISE)
    return Failure.of(reason, "certificate.refused", cause, words=error.verify_message.rstrip("."))


def with_certificate(refused: Failure, presented: ReadCertificate | None, now: datetime) -> Failure:
    """Tell a fault of the certificate from one of an authority above it; `presented` is None where it was not read."""
    seen = listed((refused.sentence, *_seen(refused, presented, now)), Joint.SEMICOLON)
    return Failure(refused.reason, seen, _closer_cause(refused, presented, now))


def _closer_cause(refused: Failure, presented: ReadCertificate | None, now: datetime) -> Cause | None:
    above = _ABOVE.get(refused.reason)
    if above is None:
        return refused.cause
    if presented is None:
        return Cause.CERTIFICATE_UNREAD
    return above if presented.not_before <= now <= presented.not_after else None


def _seen(refused: Failure, presented: ReadCertificate | None, now: datetime) -> Iterator[Sentence]:
    """Say what the certificate says of itself that explains the refusal."""
    if presented is None:
        return
    if refused.reason in _ABOVE and presented.not_before <= now <= presented.not_after:
        yield Sentence.of(
            "certificate.itself-valid",
            issuer=presented.issuer,
            not_before=f"{presented.not_before:%Y-%m-%d}",
            not_after=f"{presented.not_after:%Y-%m-%d}",
        )
    if refused.cause is Cause.WRONG_PURPOSE and presented.uses and SERVER_USE not in presented.uses:
        yield Sentence.of("certificate.usage", uses=", ".join(presented.uses))
    if refused.cause is Cause.WEAK_KEY:
        yield Sentence.of("certificate.key", key=presented.key)
    if refused.cause is Cause.OWN_AUTHORITY:
        yield Sentence.of("certificate.issuer", issuer=presented.issuer)
