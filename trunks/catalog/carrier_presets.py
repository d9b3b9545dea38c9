"""What is known of carriers before a trunk is entered: data with its source and date, a file each in presets/."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints

from sipcheck.diagnosis.evidence import Proof
from sipcheck.target import TransportName
from sipcheck.verification.calling.numbers import NumberFormat

_FOLDER = Path(__file__).parent / "presets"

Line = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class CarrierPreset(BaseModel):
    """`host` is the same for all customers; where each has one of his own it is null, and `host_form` says its form.

    What the carrier leaves open, or its pages do not say, is null. `checklist` is what the customer does there.
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
    source: HttpUrl | None
    as_of: date


@cache
def carrier_presets() -> Sequence[CarrierPreset]:
    """Give the presets in the order of their ids; they are read once."""
    return tuple(_read(file) for file in sorted(_FOLDER.glob("*.yaml")))


def _read(file: Path) -> CarrierPreset:
    return CarrierPreset(id=file.stem, **yaml.safe_load(file.read_text(encoding="utf-8")))
