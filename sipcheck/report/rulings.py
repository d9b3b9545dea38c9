"""What each reason comes to: the outcome, who has to act, and the check on which it falls."""

from dataclasses import dataclass, replace

from sipcheck.reasons import Cause, Outcome, Party, Reason
from sipcheck.report.model import CheckName


@dataclass(frozen=True, slots=True)
class Ruling:
    """The checks before `axis` held, those after it were not reached."""

    outcome: Outcome
    party: Party
    axis: CheckName


RULINGS: dict[Reason, Ruling] = {
    Reason.CREDENTIALS_PROVEN: Ruling(Outcome.VERIFIED, Party.NOBODY, CheckName.AUTH),
    Reason.ALIVE: Ruling(Outcome.VERIFIED, Party.NOBODY, CheckName.SIP),
    Reason.ALIVE_CREDENTIALS_UNPROVEN: Ruling(Outcome.REACHABLE, Party.NOBODY, CheckName.AUTH),
    Reason.CREDENTIALS_MISSING: Ruling(Outcome.REACHABLE, Party.CONFIGURATION, CheckName.AUTH),
    Reason.SIP_FORBIDDEN: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.SIP),
    Reason.TARGET_INVALID: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.TARGET),
    Reason.ADDRESS_FORBIDDEN: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.ADDRESS),
    Reason.PORT_FORBIDDEN: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.ADDRESS),
    Reason.DNS_NXDOMAIN: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.DNS),
    Reason.DNS_NO_RECORDS: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.DNS),
    Reason.DNS_SERVICE_REFUSED: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.DNS),
    Reason.DNS_SERVFAIL: Ruling(Outcome.INCONCLUSIVE, Party.NETWORK, CheckName.DNS),
    Reason.DNS_TIMEOUT: Ruling(Outcome.INCONCLUSIVE, Party.NETWORK, CheckName.DNS),
    Reason.CONNECTION_REFUSED: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.TRANSPORT),
    Reason.CONNECTION_TIMEOUT: Ruling(Outcome.FAILED, Party.NETWORK, CheckName.TRANSPORT),
    Reason.CONNECTION_RESET: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.TRANSPORT),
    Reason.HOST_UNREACHABLE: Ruling(Outcome.INCONCLUSIVE, Party.NETWORK, CheckName.TRANSPORT),
    Reason.NO_RESPONSE: Ruling(Outcome.FAILED, Party.NETWORK, CheckName.SIP),
    Reason.TLS_UNTRUSTED: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.TLS),
    Reason.TLS_SELF_SIGNED: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.TLS),
    Reason.TLS_EXPIRED: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.TLS),
    Reason.TLS_NOT_YET_VALID: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.TLS),
    Reason.TLS_NAME_MISMATCH: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.TLS),
    Reason.TLS_VERSION_UNSUPPORTED: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.TLS),
    Reason.TLS_CLIENT_CERTIFICATE_REQUIRED: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.TLS),
    Reason.TLS_NOT_SPOKEN: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.TLS),
    Reason.TLS_HANDSHAKE_FAILED: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.TLS),
    Reason.SIP_NOT_SPOKEN: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.SIP),
    Reason.SIP_MALFORMED_RESPONSE: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.SIP),
    Reason.SIP_SERVICE_UNAVAILABLE: Ruling(Outcome.INCONCLUSIVE, Party.CARRIER, CheckName.SIP),
    Reason.SIP_SERVER_ERROR: Ruling(Outcome.INCONCLUSIVE, Party.CARRIER, CheckName.SIP),
    Reason.SIP_REQUEST_TIMEOUT: Ruling(Outcome.INCONCLUSIVE, Party.CARRIER, CheckName.SIP),
    Reason.SIP_BAD_REQUEST: Ruling(Outcome.INCONCLUSIVE, Party.OURS, CheckName.SIP),
    Reason.SIP_REDIRECTED: Ruling(Outcome.REACHABLE, Party.CONFIGURATION, CheckName.SIP),
    Reason.CREDENTIALS_REJECTED: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.AUTH),
    Reason.REGISTRATION_FORBIDDEN: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.AUTH),
    Reason.ACCOUNT_NOT_FOUND: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.AUTH),
    Reason.CREDENTIALS_FROZEN: Ruling(Outcome.INCONCLUSIVE, Party.CONFIGURATION, CheckName.AUTH),
    Reason.REALM_MISMATCH: Ruling(Outcome.FAILED, Party.CONFIGURATION, CheckName.AUTH),
    Reason.AUTH_ALGORITHM_UNSUPPORTED: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.AUTH),
    Reason.AUTH_CHALLENGE_MALFORMED: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.AUTH),
    Reason.AUTH_STALE_LOOP: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.AUTH),
    Reason.AUTH_SCHEME_UNSUPPORTED: Ruling(Outcome.FAILED, Party.CARRIER, CheckName.AUTH),
    Reason.DEADLINE_EXCEEDED: Ruling(Outcome.INCONCLUSIVE, Party.OURS, CheckName.SIP),
    Reason.OVERLOADED: Ruling(Outcome.INCONCLUSIVE, Party.OURS, CheckName.TRANSPORT),
    Reason.CANCELLED: Ruling(Outcome.INCONCLUSIVE, Party.OURS, CheckName.SIP),
    Reason.SECRET_UNREADABLE: Ruling(Outcome.INCONCLUSIVE, Party.OURS, CheckName.AUTH),
    Reason.ADDRESS_RESTING: Ruling(Outcome.INCONCLUSIVE, Party.OURS, CheckName.SIP),
    Reason.CALL_FORBIDDEN: Ruling(Outcome.REACHABLE, Party.CONFIGURATION, CheckName.AUTH),
}


# Where a cause sends to somebody else than its reason does: who acts is who can mend it.
_PARTIES: dict[tuple[Reason, Cause | None], Party] = {
    (Reason.NO_RESPONSE, Cause.PROVISIONAL_ONLY): Party.CARRIER,
    (Reason.NO_RESPONSE, Cause.REQUESTS_ONLY): Party.CONFIGURATION,
    (Reason.NO_RESPONSE, Cause.KEEP_ALIVES_ONLY): Party.CONFIGURATION,
    (Reason.SIP_REDIRECTED, Cause.SAME_SERVER): Party.CARRIER,
    (Reason.DNS_TIMEOUT, Cause.OWN_STALL): Party.OURS,
    (Reason.DNS_TIMEOUT, Cause.NOT_ASKED): Party.OURS,
    (Reason.DNS_NXDOMAIN, Cause.SRV_TARGET_MISSING): Party.CARRIER,
    (Reason.DNS_NXDOMAIN, Cause.CNAME_TARGET_MISSING): Party.CARRIER,
    (Reason.DNS_NXDOMAIN, Cause.SRV_TARGET_IS_ADDRESS): Party.CARRIER,
    (Reason.DNS_NO_RECORDS, Cause.SRV_TARGET_IS_ADDRESS): Party.CARRIER,
    (Reason.TLS_HANDSHAKE_FAILED, Cause.SERVER_NAME_UNKNOWN): Party.CONFIGURATION,
    (Reason.TLS_HANDSHAKE_FAILED, Cause.PLAIN_SIP_PORT): Party.CONFIGURATION,
    (Reason.TLS_HANDSHAKE_FAILED, Cause.HANDSHAKE_UNANSWERED): Party.CONFIGURATION,
}


def ruling(reason: Reason, cause: Cause | None = None, *, realm_learned: bool = False) -> Ruling:
    """Look up what a reason comes to; a mismatch with a merely learned realm is inconclusive."""
    found = RULINGS[reason]
    found = replace(found, party=_PARTIES.get((reason, cause), found.party))
    if reason is Reason.REALM_MISMATCH and realm_learned:
        return replace(found, outcome=Outcome.INCONCLUSIVE)
    return found
