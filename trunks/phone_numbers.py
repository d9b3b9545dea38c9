"""Phone numbers as customers write them: what they mean, and how they are shown."""

import re
from dataclasses import dataclass

import phonenumbers

_PLUS_DIGITS = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)  # ITU-T E.164 §6.2.1: at most 15 digits
_DIGITS = re.compile(r"[0-9]+", re.ASCII)


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
    """Read `+` and digits that can be a number; None for anything else.

    Possible is enough: the vendors' own example, +15551234567, is no valid one.
    """
    if not _PLUS_DIGITS.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    return E164(text) if phonenumbers.is_possible_number(number) else None


def read_digits(text: str) -> E164 | None:
    """Read a number that may lack its `+`."""
    return read_e164(f"+{text}" if _DIGITS.fullmatch(text) else text)


def is_country(code: str) -> bool:
    """Whether this is a country with phone numbers (ISO 3166-1 alpha-2, upper case)."""
    return code in phonenumbers.SUPPORTED_REGIONS


def calling_code_of(country: str) -> int:
    """Give a country's calling code."""
    return phonenumbers.country_code_for_region(country)
