"""The headers of an answer that say why it is what it is (RFC 3261 §20, RFC 3326): evidence for a person."""

import re
from collections.abc import Callable, Container

from sipcheck.message.headers import canonical_name
from sipcheck.message.message import Response

_VALUE_CHARACTERS = 300
_AT_MOST = 16

# With the statuses that each says something behind: what stands in every answer says nothing there.
_FINAL = range(200, 700)
_REFUSALS = range(300, 700)
_TELLING: dict[str, tuple[str, Container[int]]] = {
    "warning": ("Warning", _FINAL),
    "reason": ("Reason", _FINAL),
    "error-info": ("Error-Info", _REFUSALS),
    "retry-after": ("Retry-After", _REFUSALS),
    "contact": ("Contact", range(300, 400)),
    "allow": ("Allow", (405, 501)),
    "accept": ("Accept", (406, 415)),
    "accept-encoding": ("Accept-Encoding", (415,)),
    "unsupported": ("Unsupported", (420,)),
    "require": ("Require", (421,)),
    "min-se": ("Min-SE", (422,)),
    "min-expires": ("Min-Expires", (423,)),
    "security-server": ("Security-Server", (494,)),
}
# What vendors add: X-Error, X-Twilio-Error, X-Reject-Reason, X-Broadworks-Cause ...
_EXTENSION = re.compile(r"(?:x|p)-(?:[a-z0-9]+-)*(?:error|reason|cause)(?:-[a-z0-9]+)*", re.ASCII)


def telling_headers(response: Response, shown: Callable[[str, int], str]) -> dict[str, str]:
    """Give the headers that say why, by their canonical names, in the order found.

    Several lines of one name are joined by commas. `shown` makes a peer's words fit to be shown in so many
    characters.
    """
    found: dict[str, str] = {}
    for name, value in response.headers:
        canonical = _telling(name, response.status)
        if canonical is None or not value or (canonical not in found and len(found) >= _AT_MOST):
            continue
        whole = f"{found[canonical]}, {value}" if canonical in found else value
        found[canonical] = shown(whole, _VALUE_CHARACTERS)
    return found


def _telling(name: str, status: int) -> str | None:
    lower = canonical_name(name)
    if lower in _TELLING:
        canonical, statuses = _TELLING[lower]
        return canonical if status in statuses else None
    if status >= 300 and _EXTENSION.fullmatch(lower):
        return "-".join(part.capitalize() for part in lower.split("-"))
    return None
