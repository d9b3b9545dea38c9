"""The kinds of fields that bodies of all dialects have, and what is told of a wrong one."""

import re
import unicodedata
from collections.abc import Callable, Hashable, Sequence
from ipaddress import IPv6Address
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from sipcheck.errors import TargetInvalid
from sipcheck.target import HostPort, parse_host_port
from trunks.rules.allow_list import AllowListInvalid, read_allow_list
from trunks.rules.phone_numbers import is_country

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Letters and a symbol by their category, and blank to the eye.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")

_PORT_BEHIND_IPV6 = re.compile(r"([0-9a-fA-F:]+):(506[01])", re.ASCII)

Entry = TypeVar("Entry")


def require_one_line(text: str) -> str:
    """Refuse control characters: PostgreSQL takes no NUL, and a SIP header no line end."""
    if _CONTROL.search(text):
        raise PydanticCustomError(
            "control_character",
            "It holds a control character, such as the line break at a file's end; remove it",
        )
    return text


def _one_line_as_sent(value: Any) -> Any:
    """Judge a text before the spaces around it are left out, since a line end would go with them."""
    return require_one_line(value) if isinstance(value, str) else value


def require_visible(text: str) -> str:
    """Refuse a text in which nothing can be seen: nobody could tell it from another such."""
    if all(sign in _BLANK or unicodedata.category(sign)[0] in "CZ" for sign in text):
        raise PydanticCustomError("invisible", "It has no character that can be seen; write one")
    return text


def refuse_twice(
    entries: Sequence[Entry], key: Callable[[Entry], Hashable], written: Callable[[Entry], str]
) -> None:
    """Refuse a list that names one thing twice, in whatever spelling. Raises PydanticCustomError."""
    found: dict[Hashable, Entry] = {}
    for entry in entries:
        first = found.setdefault(key(entry), entry)
        if first is not entry:
            raise PydanticCustomError(
                "twice",
                "It holds one thing twice, {first} and {second}; leave one of them out",
                {"first": written(first), "second": written(entry)},
            )


def _host(text: str) -> str:
    if text.lower().startswith(("sip:", "sips:")):
        raise PydanticCustomError("host_with_scheme", "Give the host alone, without sip: before it")
    if _read_host_port(text).port is not None:
        raise PydanticCustomError("host_with_port", "Give the host alone, without the port")
    return text


def _host_and_port(text: str) -> str:
    _read_host_port(text)
    return text


def _read_host_port(text: str) -> HostPort:
    _refuse_two_readings(text)
    try:
        return parse_host_port(text)
    except TargetInvalid as fault:
        raise PydanticCustomError("host", "{fault}", {"fault": str(fault)}) from None


def _refuse_two_readings(text: str) -> None:
    """Refuse an address whose end is a SIP port: without brackets it belongs to the address, and is seldom meant to."""
    found = _PORT_BEHIND_IPV6.fullmatch(text)
    if found is not None and _is_ipv6(found[1]):
        raise PydanticCustomError(
            "ipv6_port",
            "Its end may be a port or part of the address; write [{address}]:{port}, or [{text}] without a port",
            {"address": found[1], "port": found[2], "text": text},
        )


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def judge_allow_list(entries: list[str], said: str) -> list[str]:
    """Refuse a list that is empty or admits everyone, saying so with {fault}. Raises PydanticCustomError."""
    try:
        read_allow_list(entries)
    except AllowListInvalid as fault:
        raise PydanticCustomError("allow_list", said, {"fault": str(fault)}) from None
    return entries


def judge_country(code: str, said: str) -> str:
    """Give a country in upper case. Raises PydanticCustomError with what is said."""
    known = code.isascii() and is_country(code.upper())
    if not known:
        raise PydanticCustomError("country", said)
    return code.upper()


def _without_control_characters(secret: SecretStr) -> SecretStr:
    require_one_line(secret.get_secret_value())
    return secret


# Of every text but secrets and descriptions.
OneLine = BeforeValidator(_one_line_as_sent)
Line = Annotated[
    str,
    OneLine,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    AfterValidator(require_visible),
]
Host = Annotated[Line, AfterValidator(_host)]
Proxy = Annotated[Line, AfterValidator(_host_and_port)]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Secret = Annotated[SecretStr, AfterValidator(_without_control_characters)]
Password = Annotated[Secret, Field(min_length=1, max_length=1024)]
# What a JSON schema can say of a country; the rest is judged.
TwoLetters = Field(json_schema_extra={"pattern": "^[A-Za-z]{2}$"})
# Ours in every dialect.
PROOF = (
    "How the password is proven (ours): `auto`, `register`, `options`, `invite` by a call to nobody's number, "
    "which rings nowhere, or `none`. To change it makes nothing void."
)
CALLER_IDENTITY = (
    "Who stands in From of its calls (ours): `number`, or `username`, where it has one, with the number in "
    "P-Preferred-Identity. A test call with `apply` sets it to what was taken."
)
Switch = Annotated[bool, Field(strict=True)]
