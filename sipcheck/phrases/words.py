"""The English of sentences: what stands around the values, by key, and how both come together.

What fails does so in every room, so these words lie below all of them; those of verdicts, checks and warnings are the
diagnosis's (diagnosis/texts).
"""

from collections.abc import Mapping

from sipcheck.phrases.calls import CALLS
from sipcheck.phrases.certificates import CERTIFICATES
from sipcheck.phrases.challenges import CHALLENGES
from sipcheck.phrases.connections import CONNECTIONS
from sipcheck.phrases.dns import DNS
from sipcheck.phrases.guard import GUARD
from sipcheck.phrases.listed import LISTED
from sipcheck.phrases.media import MEDIA
from sipcheck.phrases.messages import MESSAGES
from sipcheck.phrases.rows import ROWS
from sipcheck.phrases.sentence import Parameter, Sentence
from sipcheck.phrases.targets import TARGETS

PHRASES: Mapping[str, str] = {
    **LISTED,
    **TARGETS,
    **ROWS,
    **GUARD,
    **DNS,
    **CONNECTIONS,
    **CERTIFICATES,
    **MESSAGES,
    **CHALLENGES,
    **MEDIA,
    **CALLS,
}


def phrase(sentence: Sentence) -> str:
    """Word what failed, fit to stand in a sentence: without a capital letter and a full stop."""
    return fill(sentence, PHRASES)


def fill(sentence: Sentence, templates: Mapping[str, str]) -> str:
    """Put the parameters of a sentence into its template, and those of the sentences in it into theirs."""
    said = sentence.parameters
    for value in said.values():
        # Nearly every sentence has values alone.
        if not isinstance(value, str):
            said = {name: _filled(each, templates) for name, each in said.items()}
            break
    return templates[sentence.key].format_map(said)


def _filled(parameter: Parameter, templates: Mapping[str, str]) -> str:
    return parameter if isinstance(parameter, str) else fill(parameter, templates)
