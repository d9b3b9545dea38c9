"""What unanswered and empty DNS answers come to: the reason, and the sentence for a person."""

from collections.abc import Iterable, Sequence

from sipcheck.dns.query import AnswerKind, DnsAnswer, Record
from sipcheck.dns.srv import SrvRecord
from sipcheck.failure import Failure
from sipcheck.host import is_address
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Cause, Reason
from sipcheck.settings import STALL_SECONDS

# First what may be otherwise the next time: it must not be reported as a fault of the customer's records.
_GRAVITY = (
    Reason.OVERLOADED,
    Reason.DNS_SERVFAIL,
    Reason.DNS_TIMEOUT,
    Reason.DNS_NXDOMAIN,
    Reason.DNS_NO_RECORDS,
)

# What is no word on the domain: nobody has answered.
UNANSWERED = (Reason.DNS_SERVFAIL, Reason.DNS_TIMEOUT)


def say_failed(answer: DnsAnswer[Record]) -> Sentence:
    """Say which question stands unanswered, and why."""
    asked = {"record_type": answer.record_type, "name": answer.name}
    if not answer.asked:
        return Sentence.of("dns.not-sent", **asked)
    if answer.kind is AnswerKind.TIMEOUT:
        return Sentence.of("dns.unanswered", **asked)
    return Sentence.of("dns.failed", **asked, fault=answer.why)


def failure_of(answer: DnsAnswer[Record]) -> Failure:
    """Read an unanswered question as the failure of the whole way; one that we did not ask, or slept over, is ours."""
    said = say_failed(answer)
    if answer.kind is AnswerKind.OVERLOADED:
        return Failure(Reason.OVERLOADED, said)
    if answer.kind is not AnswerKind.TIMEOUT:
        return Failure(Reason.DNS_SERVFAIL, said)
    if answer.late_seconds >= STALL_SECONDS:
        late = Sentence.of("ours.late", seconds=f"{answer.late_seconds:.1f}")
        both = Sentence.of("dns.late", failure=said, late=late)
        return Failure(Reason.DNS_TIMEOUT, both, Cause.OWN_STALL)
    return Failure(Reason.DNS_TIMEOUT, said, None if answer.asked else Cause.NOT_ASKED)


def host_failure(ipv6: DnsAnswer[str], ipv4: DnsAnswer[str], *, named_by_srv: bool) -> Failure | None:
    """Judge a host by both families; None where either has an address.

    NXDOMAIN speaks for every type (RFC 8020 §2), so it outweighs a family without an answer; a server that
    says NXDOMAIN for one family and knows the name for the other is taken at the kinder word.
    """
    if ipv6.records or ipv4.records:
        return None
    host = Sentence.of("dns.host-of-srv", host=ipv4.name) if named_by_srv else ipv4.name
    # RFC 2782, "Target": a host name; an address there is one that DNS takes for a name.
    is_address_target = named_by_srv and is_address(ipv4.name)
    missing_cause = Cause.SRV_TARGET_MISSING if named_by_srv else None
    cause = Cause.SRV_TARGET_IS_ADDRESS if is_address_target else missing_cause
    kinds = (ipv4.kind, ipv6.kind)
    if AnswerKind.NXDOMAIN in kinds and AnswerKind.NO_RECORDS not in kinds:
        missing = ipv4 if ipv4.kind is AnswerKind.NXDOMAIN else ipv6
        if missing.why is None:
            return Failure.of(Reason.DNS_NXDOMAIN, "dns.nxdomain", cause, host=host)
        # The name itself is there: RFC 2308 §2.1 has the response code speak of the end of the CNAMEs.
        of_alias = cause or Cause.CNAME_TARGET_MISSING
        return Failure.of(
            Reason.DNS_NXDOMAIN, "dns.nxdomain.behind-cname", of_alias, host=host, fault=missing.why
        )
    for answer in (ipv4, ipv6):
        if answer.failed:
            return failure_of(answer)
    cause = cause if is_address_target else None
    return Failure.of(Reason.DNS_NO_RECORDS, "dns.no-address", cause, host=host)


def service_refused(domain: str, answers: Sequence[DnsAnswer[SrvRecord]]) -> Failure:
    """Judge SRV answers of which no record can be used: "." declines the service (RFC 2782, "Target")."""
    declined = [answer.name for answer in answers if any(not record.target for record in answer.records)]
    if not declined:
        return Failure.of(Reason.DNS_NO_RECORDS, "dns.srv-unusable", domain=domain)
    return Failure.of(
        Reason.DNS_SERVICE_REFUSED, "dns.service-refused", domain=domain, names=", ".join(declined)
    )


def gravest(failures: Iterable[Failure]) -> Failure:
    """Choose the failure to report where no server of several has an address."""
    return min(failures, key=lambda failure: _GRAVITY.index(failure.reason))
