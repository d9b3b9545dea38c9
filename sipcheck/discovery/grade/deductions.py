"""What is taken off a grade, and why: a table of rules. The same facts, the same grade."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sipcheck.auth.digest import Algorithm
from sipcheck.discovery.grade.facts import GradeFacts
from sipcheck.reasons import Reason

_WHOLE = 100
_BOUNDS = ((90, "A"), (80, "B"), (70, "C"), (60, "D"), (50, "E"))
_SOON_DAYS, _LATER_DAYS = 14, 30
_WEAK = frozenset({Algorithm.MD5, Algorithm.MD5_SESS})
_MOST_FOR_DEFECTS = 9
_EACH_DEFECT = 3


class DeductionCode(StrEnum):
    """Names are added, never renamed."""

    NOTHING_ANSWERS = "nothing-answers"
    SINGLE_ADDRESS = "single-address"
    SILENT_ADDRESS = "silent-address"
    NO_SRV = "no-srv"
    UDP_ALONE = "udp-alone"
    NO_TLS = "no-tls"
    CERTIFICATE_REFUSED = "certificate-refused"
    CERTIFICATE_ENDS_SOON = "certificate-ends-soon"
    CERTIFICATE_ENDS = "certificate-ends"
    CERTIFICATE_NAMES = "certificate-names"
    TLS_1_2_ALONE = "tls-1.2-alone"
    BASIC_OFFERED = "basic-offered"
    MD5_ALONE = "md5-alone"
    NO_QOP = "no-qop"
    SINGLE_STACK = "single-stack"
    DEFECTS = "defects"


@dataclass(frozen=True, slots=True)
class Deduction:
    """`next_to_break` says that this is what ends the trunk some day, though all is well now."""

    code: DeductionCode
    points: int
    said: str
    source: str
    next_to_break: bool = False


@dataclass(frozen=True, slots=True)
class Grade:
    """`letter` is A to F; `points` are what is left of 100."""

    letter: str
    points: int
    deductions: tuple[Deduction, ...]


def grade(facts: GradeFacts) -> Grade:
    """Grade a destination; nothing but the facts counts."""
    if not facts.alive:
        said = "No way to it answers with a sign of life."
        nothing = Deduction(DeductionCode.NOTHING_ANSWERS, _WHOLE, said, "RFC 3261 §11.2")
        return Grade("F", 0, (nothing,))
    found = tuple(deduction for rule in _RULES if (deduction := rule(facts)) is not None)
    points = max(0, _WHOLE - sum(deduction.points for deduction in found))
    return Grade(next((letter for least, letter in _BOUNDS if points >= least), "F"), points, found)


def _single_address(facts: GradeFacts) -> Deduction | None:
    if len(facts.addresses) > 1:
        return None
    (address,) = facts.addresses
    said = f"One address alone answers, {address}: when it fails, nothing is left."
    return Deduction(DeductionCode.SINGLE_ADDRESS, 15, said, "RFC 3263 §4.3", next_to_break=True)


def _silent_address(facts: GradeFacts) -> Deduction | None:
    if not facts.silent:
        return None
    said = f"DNS leads to {', '.join(facts.silent)}, where nothing answers: callers wait there before they go on."
    return Deduction(DeductionCode.SILENT_ADDRESS, 10, said, "RFC 3263 §4.3")


def _no_srv(facts: GradeFacts) -> Deduction | None:
    if any(way.priority is not None for way in (*facts.by_dns, *facts.ways)):
        return None
    said = "No SRV record names its servers: no order, no weights and no other port can be given."
    return Deduction(DeductionCode.NO_SRV, 5, said, "RFC 3263 §4.2")


def _udp_alone(facts: GradeFacts) -> Deduction | None:
    if facts.transports != {"udp"}:
        return None
    said = "It answers by UDP alone: a request over 1300 bytes, as a call's often is, has to go by TCP."
    return Deduction(DeductionCode.UDP_ALONE, 10, said, "RFC 3261 §18.1.1, §18")


def _no_tls(facts: GradeFacts) -> Deduction | None:
    if any(way.certificate is not None for way in facts.ways) or "tls" in facts.transports:
        return None
    return Deduction(
        DeductionCode.NO_TLS,
        15,
        "Nothing answers by TLS: whoever is on the way reads who calls whom.",
        "RFC 3261 §26.3.1",
    )


def _certificate_refused(facts: GradeFacts) -> Deduction | None:
    refused = [way for way in facts.ways if way.reason is not None and way.reason in _CERTIFICATE_REASONS]
    if not refused:
        return None
    said = f"The certificate of {refused[0].address}:{refused[0].port} is refused ({refused[0].reason})."
    return Deduction(DeductionCode.CERTIFICATE_REFUSED, 20, said, "RFC 5922 §7")


_CERTIFICATE_REASONS = frozenset(
    {
        Reason.TLS_UNTRUSTED,
        Reason.TLS_SELF_SIGNED,
        Reason.TLS_EXPIRED,
        Reason.TLS_NOT_YET_VALID,
        Reason.TLS_NAME_MISMATCH,
    }
)


def _certificate_ends(facts: GradeFacts) -> Deduction | None:
    accepted = [
        way.certificate for way in facts.ways if way.certificate is not None and way.certificate.verified
    ]
    days = min((certificate.days_left for certificate in accepted), default=None)
    if days is None or days >= _LATER_DAYS:
        return None
    said = f"A certificate ends in {days} days."
    if days < _SOON_DAYS:
        return Deduction(
            DeductionCode.CERTIFICATE_ENDS_SOON, 10, said, "RFC 5280 §4.1.2.5", next_to_break=True
        )
    return Deduction(DeductionCode.CERTIFICATE_ENDS, 3, said, "RFC 5280 §4.1.2.5", next_to_break=True)


def _certificate_names(facts: GradeFacts) -> Deduction | None:
    for way in facts.ways:
        names = None if way.certificate is None else way.certificate.names
        if names is not None and (not names or any(name.startswith("*.") for name in names)):
            which = "a wildcard" if names else "its common name alone"
            said = (
                f"The certificate of {way.address}:{way.port} names it by {which}, which strict peers refuse."
            )
            return Deduction(DeductionCode.CERTIFICATE_NAMES, 5, said, "RFC 5922 §7.1, §7.2")
    return None


def _tls_1_2_alone(facts: GradeFacts) -> Deduction | None:
    spoken = {way.certificate.tls_version for way in facts.ways if way.certificate is not None} - {None}
    if not spoken or "TLSv1.3" in spoken:
        return None
    return Deduction(
        DeductionCode.TLS_1_2_ALONE, 3, "It does not speak TLS 1.3.", "RFC 8446, RFC 9325 §3.1.1"
    )


def _basic_offered(facts: GradeFacts) -> Deduction | None:
    if not facts.basic_offered:
        return None
    said = "It asks for the password itself (Basic), which nobody may send."
    return Deduction(DeductionCode.BASIC_OFFERED, 10, said, "RFC 3261 §22")


def _md5_alone(facts: GradeFacts) -> Deduction | None:
    offered = {challenge.algorithm for challenge in facts.challenges}
    if not offered or not offered <= _WEAK:
        return None
    said = "It takes digests by MD5 alone, out of which a weak password is soon found."
    return Deduction(DeductionCode.MD5_ALONE, 10, said, "RFC 8760 §2.4", next_to_break=True)


def _no_qop(facts: GradeFacts) -> Deduction | None:
    if not facts.challenges or any(challenge.qop for challenge in facts.challenges):
        return None
    said = "Its challenges have no qop: what was heard once can be sent again while the nonce lives."
    return Deduction(DeductionCode.NO_QOP, 5, said, "RFC 7616 §3.3")


def _single_stack(facts: GradeFacts) -> Deduction | None:
    if len(facts.families) > 1:
        return None
    (family,) = facts.families
    said = f"It answers by IPv{family} alone."
    return Deduction(DeductionCode.SINGLE_STACK, 3, said, "RFC 7984, RFC 6157")


def _defects(facts: GradeFacts) -> Deduction | None:
    if not facts.defects:
        return None
    points = min(_MOST_FOR_DEFECTS, _EACH_DEFECT * len(facts.defects))
    said = f"Its answers are not by the letter: {', '.join(facts.defects)}."
    return Deduction(DeductionCode.DEFECTS, points, said, "RFC 3261 §7, §25")


_RULES: tuple[Callable[[GradeFacts], Deduction | None], ...] = (
    _single_address,
    _silent_address,
    _no_srv,
    _udp_alone,
    _no_tls,
    _certificate_refused,
    _certificate_ends,
    _certificate_names,
    _tls_1_2_alone,
    _basic_offered,
    _md5_alone,
    _no_qop,
    _single_stack,
    _defects,
)
