"""The form of a new trunk: begun by a carrier's preset, judged as talkover's body is, filled in again but for its
password.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.console.reason_fields import field_of_reason
from api.console.visit import Visit, form_token_of
from api.language.made_texts import said
from api.problems import by_field, field_of, sentence_of
from api.talkover.trunks.trunk_bodies import CreateTrunk
from sipcheck.diagnosis.evidence import Proof
from sipcheck.reasons import Reason
from sipcheck.target import TransportName
from trunks.catalog.carrier_presets import CarrierPreset
from trunks.catalog.new_trunk import NewTrunk
from trunks.ids import new_id, read_id

FIELDS = (
    "name",
    "provider_name",
    "domain",
    "transport",
    "port",
    "username",
    "password",
    "outbound_proxy",
    "auth_realm",
    "proof",
)
# Seldom needed, and shown where asked for.
FURTHER = frozenset({"provider_name", "outbound_proxy", "auth_realm", "proof"})

_SECRET = "password"  # noqa: S105 - a field's name
_NOBODY = {"username": "nobody", "password": "none"}


@dataclass(frozen=True, slots=True)
class FormState:
    """What a form shows: `values` without the password, and what is said beside each field."""

    values: Mapping[str, str]
    said: Mapping[str, str]
    form_id: str

    @property
    def opens_further(self) -> bool:
        return any(name in FURTHER for name in self.said)


@dataclass(frozen=True, slots=True)
class ReadForm:
    """`new` is what was described; None where something is wrong with it."""

    state: FormState
    new: NewTrunk | None


def begin_form(preset: CarrierPreset, visit: Visit) -> FormState:
    """Fill a form with what is known of a carrier."""
    return FormState(
        values={
            "name": "",
            "provider_name": preset.name,
            "domain": preset.host or "",
            "transport": preset.transport or TransportName.TLS,
            "port": "" if preset.port is None else str(preset.port),
            "proof": preset.proof,
        },
        said={},
        form_id=_signed(new_id(), visit),
    )


def begin_again(state: FormState, visit: Visit) -> FormState:
    """Give what was typed a form of its own, which makes another trunk."""
    return replace(state, form_id=_signed(new_id(), visit))


def read_new_trunk(fields: Mapping[str, str], visit: Visit) -> ReadForm:
    """Judge what was sent."""
    given = {name: fields.get(name, "") for name in FIELDS}
    state = FormState(
        values={name: value for name, value in given.items() if name != _SECRET},
        said={},
        form_id=fields.get("form_id", ""),
    )
    without = given["proof"] == Proof.NONE and not given["username"] and not given[_SECRET]
    sent = {name: typed(name, value) for name, value in given.items() if value}
    try:
        body = CreateTrunk.model_validate(sent | _NOBODY if without else sent)
    except ValidationError as error:
        return ReadForm(replace(state, said=faults_by_field(error)), None)
    new = body.to_trunk()
    return ReadForm(state, replace(new, username=None, password=None) if without else new)


def faults_by_field(error: ValidationError | RequestValidationError) -> dict[str, str]:
    """Say what is wrong with each field, in the language of this answer."""
    faults = by_field((_field(each), said(sentence_of(each))) for each in error.errors())
    return {name: " ".join(each) for name, each in faults.items()}


def _field(fault: Mapping[str, Any]) -> str:
    inside = (part for part in fault["loc"] if part != "body")
    return field_of({**fault, "loc": ("body", *inside)})


def said_of(reason: Reason, advice: str, summary: str) -> Mapping[str, str]:
    """Say what a test found beside the field that mends it, if one does."""
    field = field_of_reason(reason)
    return {} if field is None else {field: advice or summary}


def id_of_form(fields: Mapping[str, str], visit: Visit) -> UUID | None:
    """Give the id that what a form makes will have, so that it is made once; None for one that we did not give."""
    text = fields.get("form_id", "").partition(".")[0]
    found = read_id(text)
    return found if found is not None and _signed(found, visit) == fields.get("form_id") else None


def _signed(trunk_id: UUID, visit: Visit) -> str:
    return f"{trunk_id}.{form_token_of(f'{visit.secret} {trunk_id}')}"


def typed(name: str, value: str) -> str | int:
    is_number = name == "port" and value.strip().isascii() and value.strip().isdecimal()
    return int(value) if is_number and len(value) < 10 else value
