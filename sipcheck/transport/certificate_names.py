"""Whether the names of a certificate speak for the SIP domain, and why not where they do not (RFC 5922 §7)."""

from dataclasses import dataclass

from sipcheck.errors import CallerError
from sipcheck.failure import Failure
from sipcheck.host import is_address, plain_address
from sipcheck.message.uri import SipUri
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Cause, Reason
from sipcheck.report.printable import one_line
from sipcheck.target import parse_target

_SHOWN_NAMES = 3


@dataclass(frozen=True, slots=True)
class PresentedNames:
    """The names a certificate carries; `common_names` count only where there is no SAN at all (§7.1)."""

    uris: tuple[str, ...]
    dns: tuple[str, ...]
    addresses: tuple[str, ...]
    common_names: tuple[str, ...]
    has_san: bool

    def shown(self) -> tuple[str, ...]:
        return (*self.uris, *self.dns, *self.addresses) if self.has_san else self.common_names


@dataclass(frozen=True, slots=True)
class NameMatch:
    """How a certificate's names fit; `wildcard` is the pattern that was needed."""

    fits: bool
    wildcard: str | None = None
    common_name_only: bool = False


def match_name(names: PresentedNames, domain: str, *, strict: bool = False) -> NameMatch:
    """Compare with the domain given to RFC 3263, never an SRV target (RFC 5922 §7.2).

    SAN URI `sip:domain` first, then SAN DNS, the common name only without any SAN. A left-most wildcard label
    is accepted unless `strict`, since the largest carriers present one; and where `strict`, SAN DNS counts only
    without a SAN URI of a SIP domain (§7.1). An IP literal needs an iPAddress SAN.
    """
    if is_address(domain):
        return NameMatch(any(_same_address(shown, domain) for shown in names.addresses))
    wanted = _normal(domain)
    by_uri = [_sip_domain(uri) for uri in names.uris]
    if wanted in by_uri:
        return NameMatch(True)
    if strict and any(by_uri):
        return NameMatch(False)
    candidates = names.dns if names.has_san else names.common_names
    common_name_only = not names.has_san
    if any(_normal(candidate) == wanted for candidate in candidates):
        return NameMatch(True, common_name_only=common_name_only)
    if not strict:
        for candidate in candidates:
            if _wildcard_fits(_normal(candidate), wanted):
                return NameMatch(True, wildcard=candidate, common_name_only=common_name_only)
    return NameMatch(False, common_name_only=common_name_only)


def mismatch(names: PresentedNames, domain: str, host: str, *, strict: bool = False) -> Failure:
    """Say why names do not fit the domain; `host` is the name that DNS led to."""
    if is_address(domain):
        return _address_mismatch(names, domain)
    loosely = match_name(names, domain)
    if strict and loosely.fits:
        return _strict_mismatch(names, domain, loosely)
    if host != domain and match_name(names, host, strict=strict).fits:
        return _mismatch("certificate.names-server", Cause.SRV_TARGET_ONLY, host=host)
    if names.has_san and _normal(domain) in map(_normal, names.common_names):
        return _mismatch(
            "certificate.common-name", Cause.COMMON_NAME_IGNORED, domain=domain, named=_named(names)
        )
    return _for_others(names)


def _address_mismatch(names: PresentedNames, address: str) -> Failure:
    for kind, texts in (
        ("dNSName", names.dns),
        ("", names.common_names),
        ("URI", [_sip_domain(uri) or "" for uri in names.uris]),
    ):
        if any(_same_address(text, address) for text in texts):
            key = "certificate.address-as" if kind else "certificate.address-as-common-name"
            return _mismatch(key, Cause.ADDRESS_AS_NAME, address=address, kind=kind)
    return _for_others(names)


def _for_others(names: PresentedNames) -> Failure:
    """What it names could be entered instead, where it is a name: a wildcard, a person or a website is none."""
    enterable = any(map(_can_be_entered, names.shown()))
    return Failure(Reason.TLS_NAME_MISMATCH, _named(names), None if enterable else Cause.NOTHING_TO_ENTER)


def _can_be_entered(name: str) -> bool:
    try:
        parse_target(name)
    except CallerError:
        return False
    return True


def _strict_mismatch(names: PresentedNames, domain: str, loosely: NameMatch) -> Failure:
    uris = ", ".join(uri for uri in names.uris if _sip_domain(uri))
    if uris:
        return _mismatch("certificate.sip-uri-first", Cause.SIP_URI_FIRST, domain=domain, uris=one_line(uris))
    return _mismatch("certificate.wildcard", Cause.WILDCARD_ONLY, name=one_line(loosely.wildcard or ""))


def _mismatch(key: str, cause: Cause, /, **parameters: object) -> Failure:
    return Failure.of(Reason.TLS_NAME_MISMATCH, key, cause, **parameters)


def _named(names: PresentedNames) -> Sentence:
    named = names.shown()
    shown = one_line(", ".join(named[:_SHOWN_NAMES]))
    if len(named) > _SHOWN_NAMES:
        return Sentence.of("certificate.names-more", names=shown, count=len(named) - _SHOWN_NAMES)
    return Sentence.of("certificate.names", names=shown) if shown else Sentence("certificate.names-nothing")


def _normal(name: str) -> str:
    return name.rstrip(".").lower()


def _sip_domain(uri: str) -> str | None:
    """The domain of a SAN URI: the host of a `sip:` one without a user part (RFC 5922 §7.1)."""
    try:
        parsed = SipUri.parse(uri)
    except ValueError:
        return None
    return None if parsed.secure or parsed.user is not None else _normal(parsed.host)


def _same_address(text: str, address: str) -> bool:
    """Whether a text is this address, in any spelling."""
    try:
        return plain_address(text.removeprefix("[").removesuffix("]")) == plain_address(address)
    except ValueError:
        return False


def _wildcard_fits(pattern: str, wanted: str) -> bool:
    """One left-most label that is `*` alone, and at least two labels after it."""
    head, _, parent = pattern.partition(".")
    return head == "*" and parent.count(".") >= 1 and wanted.partition(".")[2] == parent
