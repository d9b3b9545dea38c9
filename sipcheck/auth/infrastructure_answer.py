"""Which challenges the voice infrastructure cannot answer (docs/design/infrastructure.md, "Calls")."""

import re
from collections.abc import Sequence

from sipcheck.phrases.sentence import Sentence
from sipcheck.report.printable import one_line

_KEY = "warning.infrastructure-cannot-answer"
_SCHEME = re.compile(r"[^\s,]*")
_PARAMETER = re.compile(r'[ ]*([A-Za-z0-9-]*) *= *(?:"((?:[^"\\]|\\.)*)"|([^", ]*)) *(?:,|$)')
_ALGORITHMS = frozenset({"", "MD5", "SHA-256", "SHA-512", "SHA-512-256"})


def unanswerable(values: Sequence[str]) -> Sentence | None:
    """Say why the first of these challenges gets no answer, or a wrong one; None for one that is answered.

    `values` are those of WWW-Authenticate, or of Proxy-Authenticate, a field line each: only the first is read.
    """
    if not values:
        return None
    scheme = _SCHEME.match(values[0].lstrip())
    named = scheme[0] if scheme else ""
    if not values[0].startswith("Digest "):
        if named.lower() == "digest":
            return Sentence.of(f"{_KEY}.written", scheme=one_line(named))
        return Sentence.of(f"{_KEY}.scheme", scheme=one_line(named) or "nothing")
    parameters = _read(values[0].removeprefix("Digest "))
    return _refused_parameters(values[0]) if parameters is None else _refused(parameters)


def _refused_parameters(value: str) -> Sentence:
    several = re.search(r",\s*[A-Za-z]+\s+[A-Za-z]+\s*=", value) is not None
    return Sentence(f"{_KEY}.several" if several else f"{_KEY}.unreadable")


def _refused(parameters: dict[str, str]) -> Sentence | None:
    algorithm = parameters.get("algorithm", "")
    if algorithm.upper() not in _ALGORITHMS:
        return Sentence.of(f"{_KEY}.algorithm", algorithm=one_line(algorithm))
    for name in ("realm", "nonce"):
        if name not in parameters and name in map(str.lower, parameters):
            return Sentence.of(f"{_KEY}.capitals", name=name)
    offered = parameters["qop"].split(",") if "qop" in parameters else ["auth"]
    if "auth" in offered:
        return None
    if "auth-int" in offered:
        return Sentence(f"{_KEY}.body")
    return Sentence.of(f"{_KEY}.qop", qop=one_line(parameters["qop"]))


def _read(text: str) -> dict[str, str] | None:
    """Read as it does: names keep their case, and a comma is followed by a parameter."""
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _PARAMETER.match(text, place)
        if match is None:
            return None
        found[match[1]] = match[3] if match[2] is None else match[2]
        place = match.end()
    return None if text.rstrip().endswith(",") else found
