"""Stored verdicts and reports in the language of an answer: their English is kept, and the sentences behind it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from api.language.catalogs import templates
from api.language.languages import Language, current_language
from sipcheck.diagnosis.rewording import Templates, detail_words, verdict_words
from sipcheck.phrases.sentence import Sentence

StoredSentence = Mapping[str, Any]
StoredReport = dict[str, Any]


class Verdict(NamedTuple):
    summary: str
    advice: str


def said_verdict(
    sentences: Sequence[StoredSentence] | None, summary: str | None, advice: str | None
) -> Verdict:
    """Say a stored verdict; one without its sentences, of a former version, is said in English."""
    english = Verdict(summary or "", advice or "")
    if sentences is None or current_language() is Language.ENGLISH:
        return english
    read = map(_read, sentences)
    return Verdict(*verdict_words(read, templates(current_language()), *english))


def said_report(report: StoredReport) -> StoredReport:
    """Say a stored report: summary, advice, the details of its checks and warnings, and of each gateway's report."""
    language = current_language()
    return report if language is Language.ENGLISH else _said(report, templates(language))


def _said(report: StoredReport, words: Templates) -> StoredReport:
    changed = dict(report)
    if "summary" in report:
        sentences = map(_read, report.get("sentences") or ())
        advice = report.get("advice") or ""
        changed["summary"], said = verdict_words(sentences, words, report["summary"], advice)
        changed |= {"advice": said} if "advice" in report else {}
    for name in ("checks", "warnings"):
        if name in report:
            changed[name] = [_said_part(each, words) for each in report[name]]
    if "gateways" in report:
        changed["gateways"] = [_said(each, words) for each in report["gateways"]]
    return changed


def _said_part(part: StoredReport, words: Templates) -> StoredReport:
    sentences = map(_read, part.get("sentences") or ())
    return {**part, "detail": detail_words(sentences, words, part["detail"])}


def _read(stored: StoredSentence) -> Sentence:
    parameters = stored.get("parameters", {})
    return Sentence(
        stored["key"],
        {name: each if isinstance(each, str) else _read(each) for name, each in parameters.items()},
    )
