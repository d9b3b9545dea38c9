"""What is said of numbers that are not called, and of the sound of calls that were answered."""

from collections.abc import Mapping

CALLS: Mapping[str, str] = {
    "call.number.no-e164": (
        "{number} is no number in international form; write it with plus and country code, such as +4930123456"
    ),
    "call.number.no-digits": "{number} is no number; give 7 digits or more, with a + before them or without",
    "call.number.no-country": "{number} begins with no country's code; write it as in +4930123456",
    "call.number.impossible": "{number} is too short or too long for its country; give all its digits and no more",
    "call.number.short": "{number} is a short number, which a test call is never for; give an ordinary number",
    "call.number.emergency": (
        "{number} may be read as an emergency number, which a test call is never for; give another number, or write it "
        "with its plus (--format +e164)"
    ),
    "call.number.premium": "{number} costs extra, and is never called for a test; give an ordinary number",
    "call.number.satellite": "{number} belongs to satellites ({code}), never called for a test; give another",
    "call.number.worldwide": "{number} belongs to no country ({code}), and is never called for a test; give another",
    "call.number.country": "{number} is in none of the countries that may be called ({countries}); give one of theirs",
    "call.from.unsendable": "{number} cannot stand in a From; give digits, with or without +, or the username",
    "call.ended.us": "us",
    "call.ended.peer": "the other side",
    "call.media.encrypted": "encrypted",
    "call.media.plain": "without encryption",
    "call.media.both": "{sent} packets of sound went out and {received} came ({codec}), and ours were heard there",
    "call.media.in-unconfirmed": (
        "{sent} packets of sound went out and {received} came ({codec}); whether ours were heard nobody said"
    ),
    "call.media.in-only": (
        "{received} packets of sound came ({codec}), and of the {sent} that went out none was received, by its reports"
    ),
    "call.media.out-only": "{sent} packets of sound went out ({codec}) and were heard there, and none came",
    "call.media.none": "{sent} packets of sound went out ({codec}), and none came",
    "call.media.not-listened": "it was ended at once, and nobody listened",
}
