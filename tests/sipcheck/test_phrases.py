"""What fails is said by a key and by what was observed: each key has its words, and each word of them its value."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import sipcheck
from sipcheck.diagnosis.sentences import TEMPLATES
from sipcheck.failure import Failure
from sipcheck.phrases.listed import Joint, listed
from sipcheck.phrases.sentence import Sentence
from sipcheck.phrases.words import PHRASES, phrase
from sipcheck.reasons import Reason

ROOT = Path(sipcheck.__file__).parent
# Where the key stands among what is given.
SAID_BY = {
    "Sentence.of": 0,
    "Sentence": 0,
    "Failure.of": 1,
    "MalformedMessage": 0,
    "Unreadable": 0,
    "TargetInvalid": 0,
    "TargetConflict": 0,
    "CredentialsInvalid": 0,
}


def named(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def called(function: ast.expr) -> str:
    """Give the name of what is called, as it stands there; unparsing each call takes twenty times as long."""
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return f"{function.value.id}.{function.attr}"
    return function.id if isinstance(function, ast.Name) else ""


def calls() -> Iterator[tuple[str, str, set[str] | None]]:
    """Where the sources make a sentence of a key that stands there: (place, key, the names given, where all are)."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or (place := SAID_BY.get(called(node.func))) is None:
                continue
            key = node.args[place] if len(node.args) > place else None
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                given = [keyword.arg for keyword in node.keywords]
                names = (
                    None if None in given or len(node.args) > place + 2 else {each for each in given if each}
                )
                if called(node.func) == "Sentence" and len(node.args) == 2:
                    names = None
                yield f"{path.relative_to(ROOT)}:{node.lineno}", key.value, names


def test_a_sentence_has_its_words_and_all_that_they_name() -> None:
    found = list(calls())
    assert len(found) > 150, "most sentences are found in the sources"
    assert [(place, key) for place, key, _ in found if key not in TEMPLATES] == []
    assert [
        (place, key)
        for place, key, names in found
        if names is not None and not named(TEMPLATES[key]) <= names
    ] == []


@pytest.mark.parametrize("key", PHRASES)
def test_a_phrase_is_fit_to_stand_in_a_sentence(key: str) -> None:
    text = PHRASES[key]
    assert not text.endswith(".")
    assert "  " not in text
    words = text.partition(" ")[0]
    assert words.startswith("{") or words[:1].islower() or not words[1:].islower() or not words.isalpha()


def test_no_two_tables_have_one_key() -> None:
    tables = [path for path in (ROOT / "phrases").glob("*.py") if path.stem not in ("words", "__init__")]
    keys = [
        str(key.value)
        for path in tables
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and "." in str(key.value)
    ]
    assert sorted(keys) == sorted(PHRASES)


def test_a_failure_is_worded_from_its_sentence() -> None:
    cut = Failure.of(Reason.CONNECTION_RESET, "connection.closed-by-peer")
    behind = Sentence.of("connection.behind-provisional", failure=cut.sentence, status=100)
    late = Failure.of(cut.reason, "connection.after-password", failure=behind, seconds="1.5")
    said = "the peer closed the connection, behind a 100, 1.5 s after the password was sent"
    assert late.detail == said


def test_a_value_of_a_peer_is_no_format_string() -> None:
    failure = Failure.of(Reason.AUTH_SCHEME_UNSUPPORTED, "challenge.schemes", schemes="{schemes.__class__}")
    assert failure.detail == "it offers {schemes.__class__} alone"


@pytest.mark.parametrize(
    ("things", "words"),
    [
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a and b and c"),
        ([str(number) for number in range(2000)], "0 and 1 and 2 and 3 and 4 and 5 and 6 and 7 and …"),
    ],
    ids=["one", "two", "three", "a flood"],
)
def test_several_things_in_one_place(things: list[str], words: str) -> None:
    joined = listed(things, Joint.AND)
    assert (joined if isinstance(joined, str) else phrase(joined)) == words
