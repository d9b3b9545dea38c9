"""The pieces of the grammar that every part of a message shares (RFC 3261 §25.1).

Every pattern here runs in linear time: the quantifiers are possessive, and no alternative can fail after
having read far.
"""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

from sipcheck.errors import Unreadable

WORD_CHARACTERS = r"A-Za-z0-9\-.!%*_+`'~"

_TOKEN = re.compile(rf"[{WORD_CHARACTERS}]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9._\-]+")
_BRACKETED = re.compile(r"\[([^\]]*+)\](.*)", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ATOM_OR_SEPARATOR = {
    separator: re.compile(rf'"(?:[^"\\]|\\.)*"?|<[^>]*+>?|{separator}', re.DOTALL) for separator in ",;"
}

WHITESPACE = " \t"


def is_token(text: str) -> bool:
    """Tell whether the text is a `token`."""
    return _TOKEN.fullmatch(text) is not None


def read_integer(text: str, maximum: int) -> int:
    """Read ASCII digits as a number from 0 to `maximum`.

    Raises Unreadable; a number of any length is judged without converting it.
    """
    if not (text.isascii() and text.isdecimal()):
        raise Unreadable("message.fault.no-number")
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(maximum)) or (number := int(digits)) > maximum:
        raise Unreadable("message.fault.large-number", most=maximum)
    return number


# Each response repeats our own sent-by; others may be long, so that not many are kept.
@lru_cache(maxsize=64)
def read_host_port(text: str, *, bare_ipv6: bool = False) -> tuple[str, int | None]:
    """Read `host [":" port]`; IPv6 comes back without brackets, and may come without when `bare_ipv6`.

    Raises Unreadable. Source: RFC 3261 §25.1 `hostport`, RFC 5118 §4.3 on the ambiguity of bare IPv6.
    """
    if bracketed := _BRACKETED.fullmatch(text):
        host, rest = bracketed[1], bracketed[2].strip(WHITESPACE)
        return _ipv6(host), _port_after_colon(rest) if rest else None
    if text.count(":") > 1:
        if not bare_ipv6:
            raise Unreadable("message.fault.bare-ipv6")
        return _ipv6(text), None
    name, colon, port = text.partition(":")
    host = name.rstrip(WHITESPACE)
    if not _HOST_NAME.fullmatch(host):
        raise Unreadable("message.fault.no-host")
    return host, _port_after_colon(colon + port) if colon else None


def split_top_level(text: str, separator: str) -> list[str]:
    """Split at the commas or semicolons outside quoted strings and angle brackets; parts are stripped."""
    if '"' not in text and "<" not in text:
        return [part.strip(WHITESPACE) for part in text.split(separator)]
    parts, start = [], 0
    for found in _ATOM_OR_SEPARATOR[separator].finditer(text):
        if found[0] == separator:
            parts.append(text[start : found.start()].strip(WHITESPACE))
            start = found.end()
    parts.append(text[start:].strip(WHITESPACE))
    return parts


def require_closed(text: str) -> None:
    """Raise Unreadable for a quoted string or an angle bracket that is begun and not ended: what is written behind it
    would be part of it.
    """
    if ('"' in text or "<" in text) and split_top_level(f"{text};", ";")[-1]:
        quoted = '"' in _QUOTED.sub("", text)
        raise Unreadable("message.fault.unterminated" if quoted else "message.fault.angle-bracket")


def read_quoted(text: str) -> tuple[str, str]:
    """Read the quoted string at the start: the raw text between its quotes, and what follows it.

    Raises Unreadable when the closing quote is missing.
    """
    quoted = _QUOTED.match(text)
    if quoted is None:
        raise Unreadable("message.fault.unterminated")
    return quoted[1], text[quoted.end() :]


def _ipv6(text: str) -> str:
    try:
        IPv6Address(text)
    except AddressValueError as error:
        raise Unreadable("message.fault.no-ipv6") from error
    if "%" in text:
        raise Unreadable("message.fault.ipv6-zone")
    return text


def _port_after_colon(text: str) -> int:
    if not text.startswith(":"):
        raise Unreadable("message.fault.behind-host")
    port = read_integer(text[1:].strip(WHITESPACE), 65535)
    if port == 0:
        raise Unreadable("message.fault.port-zero")
    return port
