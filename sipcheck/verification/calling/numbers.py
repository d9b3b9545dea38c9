"""Which numbers a test call may be for, and how a number is written for a carrier. No I/O.

Nobody is harmed: what would be put into the Request-URI is judged after it was written, as a carrier of any country
could read it. Emergency numbers and short ones, premium and satellite ranges are refused before anything is sent.
The library of numbers is loaded when a number is read: a verification, which calls nobody, needs none of it.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from sipcheck.errors import WrittenInvalid

_E164 = re.compile(r"\+[0-9]{4,15}", re.ASCII)
_SHOWN_CHARACTERS = 40
_DIGITS = re.compile(r"\+?[0-9]{1,24}", re.ASCII)
_CALLER = re.compile(r"\+?[0-9]{2,24}", re.ASCII)
_BETWEEN_DIGITS = re.compile(r"[\s\-./()]+")
# Fewer are dialled within a country's or a company's own plan, and nowhere else.
_LEAST_DIGITS = 7
# Of no country: satellites, and networks and services that span the world (ITU-T E.164.1; record of assigned codes).
_SATELLITE_CODES = frozenset({870, 881})
_WORLDWIDE_CODES = frozenset({800, 808, 878, 882, 883, 888, 979})
_TELLING_DIGITS = 3


class NumberFormat(StrEnum):
    """How a number is written for a carrier, as talkover names them."""

    PLUS_E164 = "+e164"
    E164 = "e164"
    NATIONAL = "national"


class NumberRefused(WrittenInvalid):
    """The number is none that a test call may be for."""


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number as it would stand in the Request-URI; `refusal` says why it may not."""

    format: NumberFormat
    text: str
    refusal: NumberRefused | None = None


def read_number(text: str, countries: Collection[str] = ()) -> str:
    """Read a number to be called into E.164. Raises NumberRefused with the value, the fault and the mend.

    With `countries` (ISO 3166 codes) it has to be one of these.
    """
    import phonenumbers

    compact = _BETWEEN_DIGITS.sub("", text)
    shown = repr(text[:_SHOWN_CHARACTERS])
    if not _E164.fullmatch(compact):
        if re.fullmatch(r"[0-9]{1,6}", compact):
            raise NumberRefused("call.number.short", number=shown)
        raise NumberRefused("call.number.no-e164", number=shown)
    try:
        number = phonenumbers.parse(compact, None)
    except phonenumbers.NumberParseException:
        raise NumberRefused("call.number.no-country", number=shown) from None
    if number.country_code in _SATELLITE_CODES:
        raise NumberRefused("call.number.satellite", number=shown, code=number.country_code)
    if number.country_code in _WORLDWIDE_CODES:
        raise NumberRefused("call.number.worldwide", number=shown, code=number.country_code)
    if not phonenumbers.is_possible_number(number):
        raise NumberRefused("call.number.impossible", number=shown)
    types = phonenumbers.PhoneNumberType
    if phonenumbers.number_type(number) in (types.PREMIUM_RATE, types.SHARED_COST):
        raise NumberRefused("call.number.premium", number=shown)
    region = phonenumbers.region_code_for_number(number)
    if countries and region not in countries:
        raise NumberRefused("call.number.country", number=shown, countries=", ".join(sorted(countries)))
    _judge_digits(compact, compact, shown)
    return compact


def read_nobodys_number(text: str) -> str:
    """Read whom a proof by a call is for: a number that may have no country, and harms nobody however it is read.

    Raises NumberRefused with the value, the fault and the mend.
    """
    import phonenumbers

    shown = repr(text[:_SHOWN_CHARACTERS])
    if not _DIGITS.fullmatch(text):
        raise NumberRefused("call.number.no-digits", number=shown)
    e164 = f"+{text.removeprefix('+')}"
    try:
        phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        # Nobody's, so that whoever dials it reads its digits as they please.
        _judge_digits(text.removeprefix("+"), None, shown)
    else:
        read_number(e164)
        _judge_digits(text, e164, shown)
    return text


def write_number(e164: str, form: NumberFormat) -> WrittenNumber:
    """Write a number that `read_number` gave, and judge it as every country would read it."""
    text = _written(e164, form)
    try:
        _judge_digits(text, e164, repr(text))
    except NumberRefused as refusal:
        return WrittenNumber(form, text, refusal)
    return WrittenNumber(form, text)


def _written(e164: str, form: NumberFormat) -> str:
    if form is NumberFormat.PLUS_E164:
        return e164
    if form is NumberFormat.E164:
        return e164.removeprefix("+")
    import phonenumbers

    number = phonenumbers.parse(e164, None)
    return "".join(
        filter(str.isdigit, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))
    )


def _judge_digits(text: str, e164: str | None, shown: str) -> None:
    """Refuse what is an emergency number or a short one to a carrier of whatever country."""
    digits = text.removeprefix("+")
    if may_be_emergency(text, e164):
        raise NumberRefused("call.number.emergency", number=shown)
    if len(digits) < _LEAST_DIGITS:
        raise NumberRefused("call.number.short", number=shown)


def may_be_emergency(text: str, e164: str | None) -> bool:
    """Whether a network could put these digits through to an emergency service.

    An emergency number by itself is one in any country, with a plus before it too. Digits behind one are passed over by
    many networks, so that what begins with one of three digits and more counts in any country as well; what begins with
    one of two (01 to 03 in some countries, as many numbers of others begin) only where the called number is at home:
    one that has no country, `e164` None, everywhere.
    """
    import phonenumbers

    digits = text.removeprefix("+")
    home: Collection[str] = phonenumbers.SUPPORTED_SHORT_REGIONS
    if e164 is not None:
        home = phonenumbers.region_codes_for_country_code(phonenumbers.parse(e164, None).country_code or 0)
    for region, pattern in _emergencies():
        if pattern.fullmatch(digits):
            return True
        begun = pattern.match(digits) if not text.startswith("+") else None
        if begun is not None and (len(begun[0]) >= _TELLING_DIGITS or region in home):
            return True
    return False


@cache
def _emergencies() -> Sequence[tuple[str, re.Pattern[str]]]:
    """The emergency numbers of each region, as one pattern."""
    import phonenumbers

    regions = sorted(phonenumbers.SUPPORTED_SHORT_REGIONS)
    found = ((region, phonenumbers.PhoneMetadata.short_metadata_for_region(region)) for region in regions)
    patterns = (
        (region, metadata.emergency.national_number_pattern)
        for region, metadata in found
        if metadata is not None and metadata.emergency is not None
    )
    return tuple((region, re.compile(pattern)) for region, pattern in patterns if pattern)


def read_caller(text: str) -> str:
    """Read who is to stand in From: a number in any form, as the carrier has given it. Raises NumberRefused."""
    compact = _BETWEEN_DIGITS.sub("", text)
    if not _CALLER.fullmatch(compact):
        raise NumberRefused("call.from.unsendable", number=repr(text[:_SHOWN_CHARACTERS]))
    return compact
