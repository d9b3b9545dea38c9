"""A report said again in other words, by its sentences: those of another language."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from sipcheck.diagnosis.details import worded
from sipcheck.diagnosis.sentences import render
from sipcheck.phrases.sentence import Sentence
from sipcheck.report.model import Check, Report, ReportWarning

Templates = Mapping[str, str]
Part = TypeVar("Part", Check, ReportWarning)


def reworded(report: Report, templates: Templates) -> Report:
    """Word summary, advice, checks and warnings by these templates.

    What cannot be said so stays as it is: a report of another version may know sentences that these do not, or none.
    """
    summary, advice = verdict_words(report.sentences, templates, report.summary, report.advice)
    return replace(
        report,
        summary=summary,
        advice=advice,
        checks=tuple(_again(each, templates) for each in report.checks),
        warnings=tuple(_again(each, templates) for each in report.warnings),
    )


def verdict_words(
    sentences: Iterable[Sentence], templates: Templates, summary: str, advice: str
) -> tuple[str, str]:
    """Word a verdict's two sentences; `summary` and `advice` are said where that cannot be done."""
    try:
        said, advised = (render(each, templates) for each in sentences)
    except (KeyError, ValueError):
        return summary, advice
    return said, advised


def detail_words(sentences: Iterable[Sentence], templates: Templates, detail: str) -> str:
    """Word a detail of several sentences; `detail` is said where there are none, or that cannot be done."""
    try:
        return worded(sentences, templates) or detail
    except KeyError:
        return detail


def _again(part: Part, templates: Templates) -> Part:
    return replace(part, detail=detail_words(part.sentences, templates, part.detail))
