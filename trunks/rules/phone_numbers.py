"""Phone numbers as customers write them: what they mean, what is wrong with them, and how they are shown."""

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from phonenumbers import ValidationResult

_LONGEST = 15  # ITU-T E.164 §6.2.1
_MOST_SHOWN = 40
_NUMBER = re.compile(r"(?:\+|00|\+00)?([1-9][0-9]+)", re.ASCII)
# Beside spaces of all kinds: what people put between digits.
_SIGNS = frozenset("-‐‑‒–—−.·/()[]")
# Where phonenumbers has no rule: what was dialled in a country formerly, and stands in many a list of numbers still,
# such as Mexico's 1, 01, 044 and 045, or the 8 of Ukraine and Uzbekistan.
_FORMER_PREFIXES = ("0", "1", "8", "01", "044", "045")
_ARGENTINE_MOBILE = "+549"


@dataclass(frozen=True, slots=True)
class E164:
    """A number in E.164, `+` and digits."""

    text: str

    @property
    def calling_code(self) -> int:
        """The country calling code, such as 1 or 55."""
        return phonenumbers.parse(self.text).country_code or 0

    @property
    def country(self) -> str | None:
        """The country (ISO 3166-1 alpha-2), where the number has one."""
        number = phonenumbers.parse(self.text)
        found = phonenumbers.region_code_for_number(number)
        if found is None:
            # A number that nobody may be given, such as the vendors' +1 555…, still has its plan's main country.
            found = phonenumbers.region_code_for_country_code(number.country_code or 0)
        return found if found is not None and is_country(found) else None

    @property
    def national(self) -> str:
        """The number as it is written in its country: (555) 123-4567."""
        return phonenumbers.format_number(
            phonenumbers.parse(self.text), phonenumbers.PhoneNumberFormat.NATIONAL
        )


def read_e164(text: str) -> E164 | None:
    """Read `+` and digits that can be a number; None for anything else, and for one with a trunk prefix inside.

    Possible is enough: the vendors' own example, +15551234567, is no valid one.
    """
    meant = meant_by(text)
    return meant if meant is not None and meant.text == text else None


def read_digits(text: str) -> E164 | None:
    """Read a number in E.164 that may lack its `+`."""
    meant = meant_by(text)
    return meant if meant is not None and text in (meant.text, meant.text[1:]) else None


def meant_by(text: str) -> E164 | None:
    """Find the number that a text means, however it is written; None where it has no country code, or means none.

    Signs between the digits and a trunk prefix behind the country code are left out; digits alone, and those behind
    the international prefix 00, are read as if behind `+`.
    """
    found = _NUMBER.fullmatch(_squeezed(text))
    return None if found is None else _national(f"+{found[1]}") or _formerly(f"+{found[1]}")


def key_of(text: str) -> str:
    """Give what makes two numbers one: E.164, or the digits of what means none, or the text."""
    meant = meant_by(text)
    if meant is not None:
        return meant.text
    squeezed = _squeezed(text)
    return squeezed if squeezed.removeprefix("+").isdigit() else text


def fault_of(text: str) -> str | None:
    """Say what keeps a text from being a number in E.164, as "must be …"; None where nothing does."""
    meant = meant_by(text)
    if meant is None:
        return (
            "must be a number in E.164, + and the country code before it, such as +14155551234; "
            f"{_shown(text)} {_why_none(text)}"
        )
    if meant.text == text:
        return None
    squeezed, national = _squeezed(text), meant.text.removeprefix(f"+{meant.calling_code}")
    if squeezed == meant.text:
        why = ", in E.164: + and the digits 0 to 9, without spaces or other signs between them"
    elif squeezed.removeprefix("+").removeprefix("00") == meant.text[1:]:
        why = ", in E.164: with + before the country code"
    elif squeezed.endswith(national):
        why = f", in E.164: what is dialled before it inside its country is left out behind +{meant.calling_code}"
    else:
        why = ", its form in E.164"
    return f"must be written as {meant.text} instead of {_shown(text)}{why}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…")


def _why_none(text: str) -> str:
    """Say what is wrong with a text that means no number."""
    squeezed = _squeezed(text)
    digits = squeezed.removeprefix("+").removeprefix("00")
    odd = next((sign for sign in digits if sign not in "0123456789"), None)
    if odd is not None:
        return f"holds {odd!r}, which is no digit"
    if not digits:
        return "has no digit"
    if len(digits) > _LONGEST:
        return f"has {len(digits)} digits, and E.164 at most {_LONGEST}"
    if digits.startswith("0"):
        return "begins with 0, as it is dialled inside its country; write + and the country code in its place"
    return _why_no_country_has_it(digits)


def _why_no_country_has_it(digits: str) -> str:
    number = _parsed(f"+{digits}")
    if number is None:
        known = any(int(digits[:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE for length in (1, 2, 3))
        return "is too short" if known else "begins with no country code"
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.TOO_LONG:
            wrong = "is too long"
        case ValidationResult.INVALID_LENGTH:
            wrong = "has not as many digits as any number"
        case _:
            wrong = "is too short"
    return f"{wrong} for the country code +{number.country_code}"


def is_country(code: str) -> bool:
    """Whether this is a country with phone numbers (ISO 3166-1 alpha-2, upper case)."""
    return code in phonenumbers.SUPPORTED_REGIONS


def calling_code_of(country: str) -> int:
    """Give a country's calling code."""
    return phonenumbers.country_code_for_region(country)


def _squeezed(text: str) -> str:
    """Leave out what stands between digits, and write the digits of all scripts as 0 to 9."""
    kept = (sign for sign in text if sign not in _SIGNS and not sign.isspace())
    digits = ((sign, unicodedata.decimal(sign, None)) for sign in kept)
    return "".join("+" if sign == "＋" else sign if digit is None else str(digit) for sign, digit in digits)


def _national(text: str) -> E164 | None:
    """Read what the numbering plan of its country reads of it, without the trunk prefix."""
    number = _parsed(text)
    if number is None:
        return None
    if phonenumbers.is_valid_number(number):
        return _possible(number)
    # Nobody has this one; somebody may have it without the prefix of now, or the 0 of former times.
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    prefix = phonenumbers.ndd_prefix_for_region(region, True)
    return _valid_without(text, number, prefix) or _valid_without(text, number, "0") or _possible(number)


def _formerly(text: str) -> E164 | None:
    number = _parsed(text)
    if number is None:
        return None
    if text.startswith(_ARGENTINE_MOBILE):
        return _argentine_mobile(text.removeprefix(_ARGENTINE_MOBILE).removeprefix("0"))
    found = (_valid_without(text, number, prefix) for prefix in _FORMER_PREFIXES)
    return next(filter(None, found), None)


def _argentine_mobile(inside: str) -> E164 | None:
    """Read what stands behind the 9 that is dialled from abroad: the 15 that is dialled inside stands for the same."""
    plain = _parsed(_ARGENTINE_MOBILE + inside)
    if plain is not None and phonenumbers.is_valid_number(plain):
        return _possible(plain)
    return _national(f"+540{inside}")


def _valid_without(text: str, number: phonenumbers.PhoneNumber, prefix: str | None) -> E164 | None:
    code = f"+{number.country_code}"
    national = text.removeprefix(code)
    if not prefix or not national.startswith(prefix):
        return None
    without = _parsed(code + national.removeprefix(prefix))
    return _possible(without) if without is not None and phonenumbers.is_valid_number(without) else None


def _parsed(text: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None


def _possible(number: phonenumbers.PhoneNumber) -> E164 | None:
    # One that is possible within its area alone has no country code before it, but for a few of a whole country.
    possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    if not possible and not phonenumbers.is_valid_number(number):
        return None
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return E164(text) if len(text) <= 1 + _LONGEST else None
