"""Which certificates the voice infrastructure refuses that we take (docs/design/infrastructure.md, "Calls")."""

from sipcheck.host import is_address, plain_address
from sipcheck.phrases.sentence import Sentence
from sipcheck.report.printable import one_line
from sipcheck.transport.certificate_names import PresentedNames

_KEY = "warning.infrastructure-refuses-certificate"
_SHOWN_NAMES = 3

# What a root says that only a file of ours vouches for.
ROOT_OF_OURS = Sentence(f"{_KEY}.root")


def refused_name(names: PresentedNames, domain: str) -> Sentence | None:
    """Say why the names do not fit the host that calls name; None where a dNSName or an iPAddress does."""
    if _fits(names, domain):
        return None
    if not names.has_san:
        return Sentence.of(f"{_KEY}.common-name", domain=one_line(domain))
    shown = one_line(", ".join(names.shown()[:_SHOWN_NAMES])) or "nothing"
    return Sentence.of(f"{_KEY}.name", domain=one_line(domain), names=shown)


def _fits(names: PresentedNames, domain: str) -> bool:
    if is_address(domain):
        return plain_address(domain) in map(plain_address, names.addresses)
    wanted = domain.rstrip(".").lower()
    return any(_covers(name.rstrip(".").lower(), wanted) for name in names.dns)


def _covers(pattern: str, wanted: str) -> bool:
    """A `*` stands for the left-most label alone."""
    head, _, rest = pattern.partition(".")
    return pattern == wanted or (head == "*" and rest == wanted.partition(".")[2] and bool(rest))
