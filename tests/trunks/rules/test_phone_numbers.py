"""Phone numbers in every spelling: what they mean is compared, and what is wrong with them is said."""

from collections.abc import Iterator

import phonenumbers
import pytest
from phonenumbers.phonemetadata import PhoneMetadata

from trunks.rules.phone_numbers import fault_of, key_of, meant_by, read_digits, read_e164

PREFIX = "what is dialled before it inside its country is left out"
SIGNS = "without spaces or other signs"
PLUS = "with + before the country code"
FORM = "its form in E.164"
NONE = "must be a number in E.164"

# What was given, the number that it means, and how the fault is said.
SPELLINGS = [
    # A trunk prefix behind the country code.
    ("+330123456789", "+33123456789", PREFIX),
    ("+4407911123456", "+447911123456", PREFIX),
    ("+49030123456", "+4930123456", PREFIX),
    ("+112025550199", "+12025550199", PREFIX),
    ("+44 (0)20 7946 0958", "+442079460958", PREFIX),
    ("+33 (0)6 12 34 56 78", "+33612345678", PREFIX),
    ("+49 (0) 30 / 123456", "+4930123456", PREFIX),
    ("+43 0664 123456", "+43664123456", PREFIX),
    ("+41 078 123 45 67", "+41781234567", PREFIX),
    ("+31 06 12345678", "+31612345678", PREFIX),
    ("+32 0470 12 34 56", "+32470123456", PREFIX),
    ("+353 0 1 234 5678", "+35312345678", PREFIX),
    ("+46 08 123 456", "+468123456", PREFIX),
    ("+358 041 2345678", "+358412345678", PREFIX),
    ("+40 0712 034 567", "+40712034567", PREFIX),
    ("+359 048 123456", "+35948123456", PREFIX),
    ("+380 050 1234567", "+380501234567", PREFIX),
    ("+90 0501 234 56 78", "+905012345678", PREFIX),
    ("+972 050 234 5678", "+972502345678", PREFIX),
    ("+971 0 50 123 4567", "+971501234567", PREFIX),
    ("+20 0 10 0123 4567", "+201001234567", PREFIX),
    ("+27 071 123 4567", "+27711234567", PREFIX),
    ("+234 0802 123 4567", "+2348021234567", PREFIX),
    ("+241 011 44 12 34", "+24111441234", PREFIX),
    ("+91 0 98765 43210", "+919876543210", PREFIX),
    ("+92 0301 2345678", "+923012345678", PREFIX),
    ("+86 0 138 1234 5678", "+8613812345678", PREFIX),
    ("+81 090 1234 5678", "+819012345678", PREFIX),
    ("+82 010 2000 0000", "+821020000000", PREFIX),
    ("+84 091 234 56 78", "+84912345678", PREFIX),
    ("+61 0412 345 678", "+61412345678", PREFIX),
    ("+64 021 123 4567", "+64211234567", PREFIX),
    ("+55 011 98765 4321", "+5511987654321", PREFIX),
    ("+57 0 321 1234567", "+573211234567", PREFIX),
    # Russia and Kazakhstan dial 8, Belarus 8 and 0, Hungary 06, Lithuania 8 and now 0.
    ("+7 8 495 123-45-67", "+74951234567", PREFIX),
    ("+7 8 800 555 35 35", "+78005553535", PREFIX),
    ("+7 8 701 123 4567", "+77011234567", PREFIX),
    ("+375 8 029 123-45-67", "+375291234567", PREFIX),
    ("+375 80 29 1234567", "+375291234567", PREFIX),
    ("+36 06 1 234 5678", "+3612345678", PREFIX),
    ("+36 06 20 123 4567", "+36201234567", PREFIX),
    ("+370 8 612 34567", "+37061234567", PREFIX),
    ("+370 0 612 34567", "+37061234567", PREFIX),
    # Forms of former times, in countries without a prefix too.
    ("+52 1 55 1234 5678", "+525512345678", PREFIX),
    ("+52 01 55 1234 5678", "+525512345678", PREFIX),
    ("+52 044 55 1234 5678", "+525512345678", PREFIX),
    ("+380 8 050 1234567", "+380501234567", PREFIX),
    ("+998 8 90 123 45 67", "+998901234567", PREFIX),
    ("+48 0 12 345 67 89", "+48123456789", PREFIX),
    ("+420 0 601 123 456", "+420601123456", PREFIX),
    ("+30 0 21 2345 6789", "+302123456789", PREFIX),
    ("+351 0 912 345 678", "+351912345678", PREFIX),
    ("+34 0 612 34 56 78", "+34612345678", PREFIX),
    ("+45 0 32 12 34 56", "+4532123456", PREFIX),
    ("+47 0 406 12 345", "+4740612345", PREFIX),
    # Argentina's 15 inside the country is the 9 behind 54; in Brazil a carrier may be dialled.
    ("+54 0 11 15 2345 6789", "+5491123456789", FORM),
    ("+541115 2345 6789", "+5491123456789", FORM),
    # Both at once, and the 0 between them; area codes of three and four digits.
    ("+54 9 11 15 2345 6789", "+5491123456789", FORM),
    ("+54 9 011 15 2345-6789", "+5491123456789", FORM),
    ("+54 9 011 2345-6789", "+5491123456789", FORM),
    ("+54 9 351 15 234 5678", "+5493512345678", FORM),
    ("+54 9 2966 15 23 4567", "+5492966234567", FORM),
    ("+55 0 15 11 98765 4321", "+5511987654321", PREFIX),
    # The zero is part of these numbers, and San Marino's area code.
    ("+390612345678", "+390612345678", None),
    ("+39 06 6988 3114", "+390669883114", SIGNS),
    ("+3780549886377", "+3780549886377", None),
    ("+378 886377", "+3780549886377", FORM),
    ("+393331234567", "+393331234567", None),
    ("+2250123456789", "+2250123456789", None),
    ("+2290195123456", "+2290195123456", None),
    ("+242061234567", "+242061234567", None),
    # Other signs, other digits, no plus.
    ("+1 202 555 0124", "+12025550124", SIGNS),
    ("+1 (202) 555-0124", "+12025550124", SIGNS),
    ("+1.202.555.0124", "+12025550124", SIGNS),
    ("+1\u00a0202\u2011555\u20110124", "+12025550124", SIGNS),
    ("＋１２０２５５５０１２４", "+12025550124", SIGNS),
    ("+٩١٩٨٧٦٥٤٣٢١٠", "+919876543210", SIGNS),
    ("919876543210", "+919876543210", PLUS),
    ("91 98765 43210", "+919876543210", PLUS),
    ("00919876543210", "+919876543210", PLUS),
    ("+00919876543210", "+919876543210", PLUS),
    ("0044 0 7911 123456", "+447911123456", PREFIX),
    # As they are to be: possible is enough.
    ("+15551234567", "+15551234567", None),
    ("+4969012", "+4969012", None),
    ("+80012345678", "+80012345678", None),
    ("+870301234567", "+870301234567", None),
]
# What means none, and why.
NUMBERS_OF_NOBODY = [
    ("", "'' has no digit"),
    ("+", "'+' has no digit"),
    ("1000", "'1000' is too short for the country code +1"),
    ("+1", "'+1' is too short"),
    ("+1555", "is too short for the country code +1"),
    ("+15551234", "is too short for the country code +1"),  # possible within an area alone
    ("+120255501245", "is too long for the country code +1"),
    ("02079460958", "begins with 0, as it is dialled inside its country"),
    ("07911 123456", "begins with 0, as it is dialled inside its country"),
    ("+999123456789", "begins with no country code"),
    ("+1234567890123456", "has 16 digits, and E.164 at most 15"),
    ("+44 20 7946 0958 x12", "holds 'x', which is no digit"),
    ("+1 800 FLOWERS", "holds 'F', which is no digit"),
    ("1800-X", "holds 'X', which is no digit"),
    ("line one", "holds 'l', which is no digit"),
    ("tel:+12025550124", "holds 't', which is no digit"),
    ("+1202555012🙂", "holds '🙂', which is no digit"),
    ("+1202555012²", "holds '²', which is no digit"),
    ("++12025550124", "holds '+', which is no digit"),
    ("12025550124;ext=5", "holds ';', which is no digit"),
    ("+1202555\n0124x", "holds 'x', which is no digit"),
    ("x" * 60, "'" + "x" * 40 + "…' holds"),
]


@pytest.mark.parametrize(("given", "number", "told"), SPELLINGS)
def test_a_spelling_means_one_number(given: str, number: str, told: str | None) -> None:
    meant = meant_by(given)
    assert meant is not None
    assert (meant.text, key_of(given)) == (number, number)
    fault = fault_of(given)
    if told is None:
        assert fault is None
        assert read_e164(given) == meant
    else:
        assert fault is not None
        assert told in fault
        assert f"{number} instead of {given!r}" in fault
        assert read_e164(given) is None
    assert read_digits(number[1:]) == read_digits(number) == read_e164(number) == meant


@pytest.mark.parametrize(("text", "why"), NUMBERS_OF_NOBODY)
def test_what_means_no_number_is_none(text: str, why: str) -> None:
    assert (meant_by(text), read_e164(text), read_digits(text)) == (None, None, None)
    fault = fault_of(text) or ""
    assert NONE in fault
    assert why in fault


def test_local_numbers_are_one_however_they_are_spaced() -> None:
    assert key_of("07911 123456") == key_of("07911-123456") == "07911123456"
    assert key_of("line one") == "line one"


def examples() -> Iterator[tuple[str, phonenumbers.PhoneNumber]]:
    """Give a number of each kind in each country, with its country's trunk prefix."""
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        plan = PhoneMetadata.metadata_for_region(country)
        assert plan is not None
        for kind in phonenumbers.PhoneNumberType.values():
            number = phonenumbers.example_number_for_type(country, kind)
            if number is not None:
                yield plan.national_prefix or "", number


def test_a_number_of_every_kind_and_country_is_taken_as_it_is() -> None:
    numbers = [
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) for _, number in examples()
    ]
    assert len(numbers) > 1000
    # The plan of some has longer numbers inside the country.
    assert [each for each in numbers if len(each) <= 16 and read_e164(each) is None] == []


def test_every_countrys_trunk_prefix_is_left_out() -> None:
    wrong = []
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    for prefix, number in examples():
        if prefix and phonenumbers.number_type(number) in kinds:
            right = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            inside = f"+{number.country_code}{prefix}{phonenumbers.national_significant_number(number)}"
            if key_of(inside) != right or right not in (fault_of(inside) or ""):
                wrong.append(inside)
    assert wrong == []
