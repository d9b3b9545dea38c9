"""The kinds of fields that bodies of all dialects have, and what is told of a wrong one."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from sipcheck.errors import TargetInvalid
from sipcheck.target import HostPort, parse_host_port
from trunks.voice.allow_list import AllowListInvalid, read_allow_list

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def require_one_line(text: str) -> str:
    """Refuse control characters: PostgreSQL takes no NUL, and a SIP header no line end."""
    if _CONTROL.search(text):
        raise PydanticCustomError(
            "control_character", "It holds a control character, such as the end of a line; remove it"
        )
    return text


def require_typed(secret: SecretStr) -> SecretStr:
    """Refuse a secret that nobody typed so: a line end comes along where one is pasted."""
    require_one_line(secret.get_secret_value())
    return secret


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


# What the OpenAPI document says of a country; a wrong one is told in words and not by the pattern.
TWO_LETTERS = WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{2}$"})

Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    AfterValidator(require_one_line),
]
Host = Annotated[Line, AfterValidator(_host)]
Proxy = Annotated[Line, AfterValidator(_host_and_port)]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=1024), AfterValidator(require_typed)]
Switch = Annotated[bool, Field(strict=True)]
