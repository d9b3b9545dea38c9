"""Carriers' presets as talkover shows them (ours)."""

from collections.abc import Sequence

from pydantic import BaseModel

from trunks.catalog.carrier_presets import CarrierPreset


class PresetList(BaseModel):
    success: bool = True
    data: list[CarrierPreset]


def show_presets(presets: Sequence[CarrierPreset]) -> PresetList:
    return PresetList(data=list(presets))
