"""The number that a proof calls is nobody's: no region's emergency or short number begins with its digits."""

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType, shortnumberinfo

from sipcheck import Engine, EngineSettings, SettingInvalid
from sipcheck.settings import PROOF_NUMBER
from sipcheck.verification.calling.numbers import read_nobodys_number

WRITTEN = (PROOF_NUMBER, PROOF_NUMBER.removeprefix("+"))
REGIONS = sorted({*shortnumberinfo.SUPPORTED_SHORT_REGIONS, *phonenumbers.SUPPORTED_REGIONS})


def test_its_country_code_is_assigned_to_no_one() -> None:
    codes = {
        code for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE if PROOF_NUMBER[1:].startswith(str(code))
    }
    assert not codes


@pytest.mark.parametrize("written", WRITTEN)
def test_it_is_no_regions_emergency_number_or_the_beginning_of_one(written: str) -> None:
    found = [region for region in REGIONS if shortnumberinfo.connects_to_emergency_number(written, region)]
    assert not found


@pytest.mark.parametrize("written", WRITTEN)
def test_no_beginning_of_it_is_a_regions_emergency_number(written: str) -> None:
    """Some exchanges dial as soon as the digits are one; in every region's own reading."""
    beginnings = [written[:length] for length in range(1, len(written) + 1)]
    found = [
        (region, each)
        for region in REGIONS
        for each in beginnings
        if shortnumberinfo.is_emergency_number(each, region)
    ]
    assert not found


@pytest.mark.parametrize("written", WRITTEN)
def test_it_is_no_short_number_and_costs_nothing_special(written: str) -> None:
    for region in REGIONS:
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue  # it leads nowhere, which is what is wanted
        assert not shortnumberinfo.is_valid_short_number_for_region(number, region), region
        kind = phonenumbers.number_type(number)
        assert kind not in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST), region


@pytest.mark.parametrize("written", WRITTEN)
def test_a_setting_may_name_it(written: str) -> None:
    """`trunks` takes it without a look: this is where it is looked at."""
    assert read_nobodys_number(written) == written


@pytest.mark.parametrize("number", ["", "+", "alice", "+49 30", "112;phone-context=x", "+" + "1" * 25])
async def test_a_number_that_is_none_is_refused_before_anything_is_sent(number: str) -> None:
    with pytest.raises(SettingInvalid, match="number to call for a proof"):
        async with Engine(EngineSettings(proof_number=number)):
            pass
