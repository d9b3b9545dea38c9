"""Which numbers are called for a test, and which never are, in whatever form and whatever country's reading."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import shortnumberinfo

from sipcheck.verification.calling.numbers import NumberFormat, NumberRefused, read_number, write_number
from tests.fuzzing import examples

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
SHORT_REGIONS = sorted(phonenumbers.SUPPORTED_SHORT_REGIONS)

# What is given, and why it is refused.
REFUSED = {
    "": "is no number in international form",
    "alice": "is no number in international form",
    "030123456": "is no number in international form",
    "+49 30 12345x": "is no number in international form",
    "+٤٩٣٠١٢٣٤٥٦": "is no number in international form",
    "tel:+4930123456": "is no number in international form",
    "112": "is a short number",
    "911": "is a short number",
    "110": "is a short number",
    "+112": "is no number in international form",
    "+999123456": "begins with no country's code",
    "+493": "is no number in international form",
    "+1415555012": "is too short or too long",
    "+49301234567890123": "is no number in international form",
    "+499001234567": "costs extra",
    "+19005551234": "costs extra",
    "+870773111632": "belongs to satellites (870)",
    "+881612345678": "belongs to satellites (881)",
    "+882161234567": "belongs to no country (882)",
    "+979123456789": "belongs to no country (979)",
    "+80012345678": "belongs to no country (800)",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items())
def test_what_is_not_called_is_named_with_the_mend(text: str, said: str) -> None:
    with pytest.raises(NumberRefused) as caught:
        read_number(text)
    assert said in str(caught.value)
    assert ";" in str(caught.value)


def test_every_key_of_a_refusal_is_tried() -> None:
    assert {str(key).split(";", 1)[0] for key in REFUSED.values()} >= {"costs extra", "is a short number"}


@pytest.mark.parametrize("text", ["+4930123456", "+49 (30) 12-34.56", "+14155550123", "+442079460000"])
def test_an_ordinary_number_is_read(text: str) -> None:
    assert read_number(text) == "+" + "".join(filter(str.isdigit, text))


def test_a_country_that_is_not_allowed_is_refused() -> None:
    assert read_number("+4930123456", {"DE"}) == "+4930123456"
    with pytest.raises(NumberRefused, match=r"in none of the countries that may be called \(AT, DE\)"):
        read_number("+14155550123", {"DE", "AT"})


# The number, and how it is written for a carrier.
FORMS = [
    ("+4930123456", "+4930123456", "4930123456", "030123456"),
    ("+14155550123", "+14155550123", "14155550123", "4155550123"),
    ("+33142685300", "+33142685300", "33142685300", "0142685300"),
]


@pytest.mark.parametrize(("number", "plus", "bare", "national"), FORMS)
def test_each_form(number: str, plus: str, bare: str, national: str) -> None:
    assert [write_number(number, form).text for form in NumberFormat] == [plus, bare, national]
    assert not any(write_number(number, form).refusal for form in NumberFormat)


def test_a_form_that_looks_like_an_emergency_is_refused_where_the_number_itself_is_not() -> None:
    """A number of Delhi without its plus begins with 911."""
    number = read_number("+911123456789")
    refusal = write_number(number, NumberFormat.E164).refusal
    assert refusal is not None
    assert "may be read as an emergency number" in str(refusal)
    assert write_number(number, NumberFormat.PLUS_E164).refusal is None


def dangerous(text: str, home: tuple[str, ...]) -> bool:
    """Whether it goes to an emergency by the library's own word: digits alone anywhere, digits before others at home.

    Anywhere else, where the digits without their last ones are an emergency number of three digits and more.
    """
    digits = text.removeprefix("+")
    if any(shortnumberinfo.is_emergency_number(digits, region) for region in SHORT_REGIONS):
        return True
    if text.startswith("+"):
        return False
    if any(shortnumberinfo.connects_to_emergency_number(digits, region) for region in home):
        return True
    return any(
        shortnumberinfo.is_emergency_number(digits[:length], region)
        for region in SHORT_REGIONS
        for length in range(3, 8)
    )


@pytest.mark.parametrize("form", NumberFormat)
@settings(max_examples=examples(15))
@given(
    code=st.sampled_from(["1", "49", "91", "44", "65", "7", "86", "33", "93", "43", "61", "992", "971"]),
    rest=st.from_regex(r"(1|11|12|2|0|00|9|99|91|911|112|3)?[0-9]{5,10}", fullmatch=True),
)
def test_what_would_leave_is_no_emergency_number_anywhere(form: NumberFormat, code: str, rest: str) -> None:
    try:
        number = read_number(f"+{code}{rest}")
    except NumberRefused:
        return
    written = write_number(number, form)
    if written.refusal is None:
        assert not dangerous(written.text, phonenumbers.region_codes_for_country_code(int(code)))
        assert len(written.text.removeprefix("+")) >= 7


def _refused(text: str, form: NumberFormat) -> bool:
    try:
        return write_number(read_number(text), form).refusal is not None
    except NumberRefused:
        return True


@pytest.mark.parametrize("form", NumberFormat)
def test_no_region_s_emergency_number_is_written(form: NumberFormat) -> None:
    """Each region's own, with its country's code before it, and alone."""
    for region in REGIONS:
        metadata = phonenumbers.PhoneMetadata.short_metadata_for_region(region)
        example = metadata.emergency.example_number if metadata and metadata.emergency else None
        if not example:
            continue
        code = phonenumbers.country_code_for_region(region)
        for text in (example, f"+{example}", f"+{code}{example}"):
            assert _refused(text, form), f"{region}: {text} would leave"
