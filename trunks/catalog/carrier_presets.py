"""What is known of carriers before a trunk is entered: data with its source and date, a file each in presets/."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints, model_validator

from sipcheck.diagnosis.evidence import Proof
from sipcheck.target import TransportName
from sipcheck.verification.calling.numbers import NumberFormat

_FOLDER = Path(__file__).parent / "presets"

Line = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Seen(StrEnum):
    """What a verification can see of a step at the carrier: that the host is the right one and answers, that the
    account is taken, that our address is let in.
    """

    HOST = "host"
    ACCOUNT = "account"
    ADDRESS = "address"


class CarrierPreset(BaseModel):
    """`host` is the same for all customers; where each has one of his own it is null, and `host_form` says its form.

    What the carrier leaves open, or its pages do not say, is null. `checklist` is what the customer does there, and
    `seen_by` what a verification sees of each of its steps; null where it sees nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    name: Line
    host: Line | None
    host_form: Line | None
    transport: TransportName | None
    port: Annotated[int, Field(ge=1, le=65535)] | None
    proof: Proof
    number_format: NumberFormat | None
    checklist: Annotated[tuple[Line, ...], Field(min_length=1, max_length=10)]
    seen_by: tuple[Seen | None, ...]
    source: HttpUrl | None
    as_of: date

    @model_validator(mode="after")
    def _each_step_is_judged(self) -> Self:
        if len(self.seen_by) != len(self.checklist):
            raise ValueError(
                f"{self.id}: seen_by says of each step of the checklist what is seen of it, or null"
            )
        return self


@cache
def carrier_presets() -> Sequence[CarrierPreset]:
    """Give the presets in the order of their ids; they are read once."""
    return tuple(_read(file) for file in sorted(_FOLDER.glob("*.yaml")))


def _read(file: Path) -> CarrierPreset:
    return CarrierPreset(id=file.stem, **yaml.safe_load(file.read_text(encoding="utf-8")))
