"""The words of each finding: what was observed, and the change that mends it; held to docs/inbound.md by a test."""

from collections.abc import Mapping
from typing import NamedTuple

from sipcheck.diagnosis.inbound.reasons import InboundReason

_COMPARED = (
    "numbers are compared without spaces, hyphens and parentheses and with a + before them, in no other form"
)


class Said(NamedTuple):
    """`change` is empty where nothing has to be changed."""

    sentence: str
    change: str = ""


# By reason, and by what is known beside it.
SAID: Mapping[tuple[InboundReason, str], Said] = {
    (InboundReason.NOT_PROVISIONED, ""): Said(
        "This trunk has nothing on the voice infrastructure that takes calls.",
        "See the trunk's events for why; a trunk takes calls once it is switched on and has a number.",
    ),
    (InboundReason.NOT_PROVISIONED, "inbound-off"): Said(
        "This trunk is not to take calls: inbound_enabled is false.", "Set inbound_enabled to true."
    ),
    (InboundReason.NOT_PROVISIONED, "off"): Said(
        "This trunk is switched off, so nothing on the voice infrastructure takes its calls.",
        "Switch the trunk on.",
    ),
    (InboundReason.CALLED_NUMBER_DIFFERS, ""): Said(
        "To names {called}, and this trunk has {numbers}.",
        "Have the carrier send To with a number of this trunk, or give the trunk the number that it sends.",
    ),
    (InboundReason.CALLED_NUMBER_DIFFERS, "other-form"): Said(
        f"To names {{called}}, and this trunk has {{number}}: {_COMPARED}.",
        "Have the carrier write {number} into To.",
    ),
    (InboundReason.CALLED_NUMBER_DIFFERS, "empty"): Said(
        "To names no user, so no number is called.", "Have the carrier write {number} into To."
    ),
    (InboundReason.NUMBER_IN_REQUEST_URI_ONLY, ""): Said(
        "The Request-URI names {number}, and To names {called}: To alone is looked at.",
        "Have the carrier write {number} into To as well.",
    ),
    (InboundReason.CALLER_NOT_ALLOWED, ""): Said(
        "The call comes from the number {caller}, and this trunk takes calls from certain numbers alone.",
        "Ask whoever runs this platform to take the list of allowed numbers away from the trunk.",
    ),
    (InboundReason.SOURCE_NOT_ALLOWED, ""): Said(
        "The INVITE came from {source}, and the trunk's allow-list has {entries}.",
        "If {source} is the carrier's, add it to the trunk's allow-list.",
    ),
    (InboundReason.CONFLICT, ""): Said(
        "More than one trunk takes calls to {called}, so the call is refused with 503: this one, and {others}.",
        "Leave the number to one of them.",
    ),
    (InboundReason.CONFLICT, "foreign"): Said(
        "More than one trunk takes calls to {called}, so the call is refused with 503: this one, and at least one that "
        "is not yours.",
        "Ask whoever runs this platform whose number it is.",
    ),
    (InboundReason.CONFLICT, "default"): Said(
        "More than one trunk without numbers takes calls to {called}, so the call is refused with 503: this one, and "
        "{others}.",
        "Give the trunk that is meant this number, or leave one alone without numbers.",
    ),
    (InboundReason.CONFLICT, "default-foreign"): Said(
        "More than one trunk without numbers takes calls to {called}, so the call is refused with 503: this one, and "
        "at least one that is not yours.",
        "Give the trunk that is meant this number.",
    ),
    (InboundReason.NO_DISPATCH_RULE, ""): Said(
        "The call comes in by this trunk, and no dispatch rule says where it goes: the caller hears ringing and then "
        "nothing.",
        "Make a dispatch rule for this trunk, or ask whoever runs this platform to.",
    ),
    (InboundReason.NO_DISPATCH_RULE, "other-number"): Said(
        "The call comes in by this trunk, and its dispatch rule is for other called numbers than {called}, which are "
        "compared as text.",
        "Put {called} into the rule's numbers as it stands, or leave them out.",
    ),
    (InboundReason.NO_DISPATCH_RULE, "other-caller"): Said(
        "The call comes in by this trunk, and its dispatch rule is for calls from other numbers than {caller}: the "
        "rule's inbound_numbers are callers, compared as text.",
        "Leave inbound_numbers out of the rule, unless only these callers may call.",
    ),
    (InboundReason.ANOTHER_TRUNK, ""): Said(
        "The call is taken by a trunk that is not one of your trunks.",
        "Ask whoever runs this platform whose number it is.",
    ),
    (InboundReason.WILDCARD_RULE, ""): Said(
        "The call comes in by no trunk, and a dispatch rule that names no trunk takes it all the same.",
        "Ask whoever runs this platform to name trunks in that rule.",
    ),
    (InboundReason.MATCHED_BY_FROM_HOST, ""): Said(
        "The call is let in since From's host, {host}, stands in the trunk's allow-list; the address that it comes "
        "from, {source}, does not. Anybody may write that host into From.",
        "If {source} is the carrier's, add it to the trunk's allow-list; else have {host} written there with its "
        "prefix, such as {host}/32.",
    ),
    (InboundReason.PASSWORD_ASKED, ""): Said(
        "The trunk asks whoever calls for its user and password (407); a carrier that has none cannot call in.",
    ),
}


def say(reason: InboundReason, variant: str = "", **observed: str) -> Said:
    """Put what was observed into the words."""
    sentence, change = SAID[reason, variant]
    return Said(sentence.format(**observed), change.format(**observed))
