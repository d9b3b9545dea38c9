"""What the advice says of a search for ways that work, by key."""

from collections.abc import Mapping

_FOUND = {
    "works.one": "What would work: {ways} answers",
    "works.several": "What would work: {ways} answer",
    "answers.one": "Elsewhere, {ways} answers",
    "answers.several": "Elsewhere, {ways} answer",
}
_SETTING = {
    "set": "the trunk is set to {setting}",
    "by-dns": "DNS leads the trunk to {setting}",
    "nowhere": "by its present setting DNS leads it nowhere",
}

DISCOVERY: Mapping[str, str] = {
    **{
        f"discovery.{found}.{setting}": f"{says}; {of_trunk}."
        for found, says in _FOUND.items()
        for setting, of_trunk in _SETTING.items()
    },
    # What the others name.
    "discovery.way": "{transport} {port}",
    "discovery.way.at": "{way} at {host}",
    "discovery.way.answered": "{way} (with {answer})",
    "discovery.forbidden": "Nothing else was tried: {detail}.",
    "discovery.nothing-to-try": "There is nothing else to try: DNS leads to no other address.",
    "discovery.nothing-answers": "Nothing else answers either.",
}
