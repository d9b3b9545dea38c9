"""What is known of carriers before a trunk is entered (ours)."""

from fastapi import APIRouter

from api.talkover.trunks.preset_answers import PresetList, show_presets
from trunks.catalog.carrier_presets import carrier_presets

router = APIRouter(prefix="/carrier-presets")


@router.get("")
async def list_carrier_presets() -> PresetList:
    """List what carriers need for a trunk, and what a customer has to do there, with source and date (ours)."""
    return show_presets(carrier_presets())
