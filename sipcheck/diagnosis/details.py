"""What the checks and the warnings of a report say: sentences, and their English."""

from collections.abc import Iterable, Mapping

from sipcheck.diagnosis.sentences import TEMPLATES, render
from sipcheck.phrases.sentence import Sentence
from sipcheck.phrases.words import fill
from sipcheck.reasons import WarningCode
from sipcheck.report.model import ReportWarning


def worded(sentences: Iterable[Sentence], templates: Mapping[str, str] = TEMPLATES) -> str:
    """Word sentences, one behind the other, in English or as the templates have it; a colon leads to the next."""
    text = ""
    for sentence in sentences:
        is_summary = sentence.key.endswith(".summary")
        said = render(sentence, templates) if is_summary else fill(sentence, templates)
        between = " " if text.endswith(":") else "; "
        text = f"{text}{between}{said}" if text else said
    return text


def warn(code: WarningCode, *sentences: Sentence, edge: str | None = None) -> ReportWarning:
    """Make a warning out of its sentences."""
    return ReportWarning(code, worded(sentences), edge, sentences)
