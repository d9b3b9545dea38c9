"""The kinds of fields that bodies of all dialects have, and what is told of a wrong one."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from sipcheck.errors import TargetInvalid
from sipcheck.target import HostPort, parse_host_port
from trunks.phone_numbers import is_country
from trunks.rules.allow_list import AllowListInvalid, read_allow_list

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def require_one_line(text: str) -> str:
    """Refuse control characters: PostgreSQL takes no NUL, and a SIP header no line end."""
    if _CONTROL.search(text):
        raise PydanticCustomError(
            "control_character",
            "It holds a control character, such as the line break at a file's end; remove it",
        )
    return text


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
    try:
        return parse_host_port(text)
    except TargetInvalid as fault:
        raise PydanticCustomError("host", "{fault}", {"fault": str(fault)}) from None


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


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    AfterValidator(require_one_line),
]
Host = Annotated[Line, AfterValidator(_host)]
Proxy = Annotated[Line, AfterValidator(_host_and_port)]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Secret = Annotated[SecretStr, AfterValidator(_without_control_characters)]
Password = Annotated[Secret, Field(min_length=1, max_length=1024)]
# What a JSON schema can say of a country; the rest is judged.
TwoLetters = Field(json_schema_extra={"pattern": "^[A-Za-z]{2}$"})
Switch = Annotated[bool, Field(strict=True)]
