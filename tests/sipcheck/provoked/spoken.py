"""A report in another language: its sentences alone have to give every text of it, without words of ours in a value."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sipcheck.diagnosis.details import worded
from sipcheck.diagnosis.sentences import render
from sipcheck.discovery.advice import worded_advice
from sipcheck.phrases.sentence import Parameter, Sentence
from sipcheck.report.json_export import report_to_json
from sipcheck.report.model import Report
from sipcheck.report.printable import bounded

# The words of others: of the system, OpenSSL and dnspython, of a peer's answer or certificate, and what was typed.
OF_OTHERS = {"words", "alert", "answer", "subject", "issuer", "names", "contact", "schemes", "username"}
QUOTED = re.compile(r"'.*'|\".*\"", re.DOTALL)
PROSE = re.compile(
    r"\b[A-Za-z]?[a-z]+ [a-z]+ [a-z]+|\b(?:and|or|the|no|of|with|more)\b [\w']|[\w'] (?:and|or)\b"
)


def stored(value: Any) -> Parameter:
    """Read a parameter, or a sentence, as it was stored."""
    if isinstance(value, str):
        return value
    assert isinstance(value, Mapping), value
    assert list(value) == ["key", "parameters"]
    return Sentence(value["key"], {name: stored(each) for name, each in value["parameters"].items()})


def values(sentence: Sentence) -> Iterator[tuple[str, str, str]]:
    """All values of a sentence and of the sentences in it: (key, name, value)."""
    for name, value in sentence.parameters.items():
        if isinstance(value, str):
            yield sentence.key, name, value
        else:
            yield from values(value)


def _sentences(part: Mapping[str, Any]) -> list[Sentence]:
    said = [stored(each) for each in part["sentences"]]
    return [each for each in said if isinstance(each, Sentence)]


def assert_spoken(report: Report) -> None:
    """Word a report from its JSON's sentences, and look for words of ours among their values."""
    exported = json.loads(json.dumps(report_to_json(report)))
    summary, *advice = _sentences(exported)
    assert bounded(render(summary)) == exported["summary"]
    assert bounded(worded_advice(advice)) == exported["advice"]
    said = [summary, *advice]
    for part in (*exported["checks"], *exported["warnings"]):
        sentences = _sentences(part)
        assert bounded(worded(sentences)) == part["detail"]
        said += sentences
    for sentence in said:
        for key, name, value in values(sentence):
            if name not in OF_OTHERS:
                assert PROSE.search(QUOTED.sub("", value)) is None, (
                    f"{key}, {name}: {value!r} is prose of ours"
                )
