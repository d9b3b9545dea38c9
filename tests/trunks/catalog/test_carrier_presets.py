"""The presets of carriers: each can be read, names its source, and makes a trunk that can be entered."""

import pytest

from sipcheck.diagnosis.evidence import Proof
from sipcheck.target import parse_target
from trunks.catalog.carrier_presets import CarrierPreset, carrier_presets

PRESETS = carrier_presets()


def test_there_are_ten_and_those_that_were_asked_for() -> None:
    assert [preset.id for preset in PRESETS] == [
        "bandwidth",
        "exotel",
        "pbx",
        "plivo",
        "sipgate",
        "telekom-companyflex",
        "telnyx",
        "twilio",
        "vobiz",
        "vonage",
    ]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.id)
def test_a_preset_says_where_calls_go_and_where_it_is_from(preset: CarrierPreset) -> None:
    assert (preset.host is None) != (preset.host_form is None)
    assert (preset.source is None) == (preset.id == "pbx")
    assert len(set(preset.checklist)) == len(preset.checklist)
    assert all(line.endswith(".") for line in preset.checklist)
    if preset.host is not None:
        assert parse_target(preset.host).domain == preset.host


def test_twilio_is_proven_by_a_call() -> None:
    """It takes no REGISTER, and asks for the password at an INVITE alone."""
    (twilio,) = (preset for preset in PRESETS if preset.id == "twilio")
    assert twilio.proof is Proof.INVITE
