"""The rows of a file of trunks: a sweep's columns, with a name and a provider."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from api.body import Body
from api.fields import Line, Password
from api.problems import sentence_of
from sipcheck.errors import CallerError
from sipcheck.sweep.row_file import TARGET_COLUMNS, Record, credentials_of, target_of, values_of
from sipcheck.target import HostPort
from trunks.catalog.new_trunk import NewGateway, NewTrunk

NEEDED_COLUMNS = ("name", "provider", "target")
COLUMNS = (*NEEDED_COLUMNS, *(name for name in TARGET_COLUMNS if name not in NEEDED_COLUMNS))


class RowUnusable(CallerError):
    """A row cannot become a trunk."""


class _Texts(Body):
    """The texts of a row, by the rules of the API's bodies."""

    name: Line
    provider: Line
    username: Line | None = None
    password: Password | None = None
    realm: Line | None = None


def trunk_of(record: Record) -> NewTrunk:
    """Read a row. Raises RowUnusable, with what is wrong and how to mend it."""
    try:
        values = values_of(record, COLUMNS)
        _require(values)
        target, credentials = target_of(values), credentials_of(values)
        texts = _Texts.model_validate(values)
    except ValidationError as error:
        raise RowUnusable(_told(error)) from None
    except (CallerError, ValueError) as error:
        raise RowUnusable(str(error).rstrip(".")) from None
    return NewTrunk(
        name=texts.name,
        provider_name=texts.provider,
        gateways=(
            NewGateway(host=str(HostPort(target.domain)), port=target.port, transport=target.transport),
        ),
        username=texts.username,
        password=credentials.password if credentials else None,
        outbound_proxy=target.outbound_proxy,
        auth_realm=texts.realm,
    )


def _require(values: Mapping[str, Any]) -> None:
    """Raises ValueError."""
    for name in NEEDED_COLUMNS:
        if name not in values:
            raise ValueError(f"{name} is empty; every trunk needs one")
    digest_user = values.get("auth_username")
    if digest_user is not None and digest_user != values.get("username"):
        raise ValueError(
            f"auth_username {digest_user!r} differs from username, and a trunk has only one; leave it empty, or give "
            "as username the one that the carrier asks for"
        )


def _told(error: ValidationError) -> str:
    return "; ".join(f"{fault['loc'][0]}: {sentence_of(fault).rstrip('.')}" for fault in error.errors())
