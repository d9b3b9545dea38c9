"""The catalogues hold every text, in the form of its English, and what is compiled is what is written."""

import gettext
from io import BytesIO
from string import Formatter

import pytest
from babel.messages.catalog import Catalog

from api.language.catalogs import templates
from api.language.languages import Language
from sipcheck.diagnosis.sentences import TEMPLATES
from sipcheck.phrases.sentence import Sentence
from sipcheck.phrases.words import fill
from tests import translations
from tests.translations import LANGUAGES

MEND = "run `make translations`, translate what it names, and run it again"
# Names of protocols, and what is written alike.
ALIKE = frozenset(
    {"Call-ID", "DNS", "SIP", "TLS", "multicast", "ORCHID", "ORCHIDv2", "{failure}: '{name}'"}
    | {"Codecs", "Gateway", "Gateways", "Host", "Realm", "{unfollowed}; {remedy}.", "%(seconds)s s"}
)


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Language:
    found: Language = request.param
    return found


@pytest.fixture
def catalog(language: Language) -> Catalog:
    return translations.read(language)


def test_every_text_is_there_and_no_other(catalog: Catalog) -> None:
    wanted = {(each.context, each.id) for each in translations.gathered()}
    held = {(each.context, each.id) for each in catalog}
    assert wanted == held, MEND


def test_every_text_is_translated_and_none_is_fuzzy(catalog: Catalog) -> None:
    assert [each.id for each in translations.unfinished(catalog)] == [], MEND
    assert [each.id for each in catalog if each.id and each.id == each.string and each.id not in ALIKE] == []


def test_each_says_the_same_values_and_ends_alike(catalog: Catalog) -> None:
    for message in catalog:
        if not message.id:
            continue
        english, said = str(message.id), str(message.string)
        assert values_of(english) == values_of(said), english
        assert english.count("%(") == said.count("%("), english
        assert said.strip() == said or english.startswith((" ", ",", ";")), said
        assert english.endswith(".") == said.endswith("."), said
        if message.context and message.context.endswith((".summary", ".advice")):
            assert said[0].isupper() or said[0] == "{", said


def test_what_is_compiled_is_what_is_written(language: Language, catalog: Catalog) -> None:
    written = gettext.GNUTranslations(BytesIO(translations.compiled(catalog)))
    with translations.po_path(language).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    # The header, of no text, names the Babel that wrote it.
    one, other = ({**vars(each)["_catalog"], "": ""} for each in (written, compiled))
    assert one == other, MEND


def test_every_sentence_is_said_in_each_language(language: Language) -> None:
    words = templates(language)
    assert words.keys() == TEMPLATES.keys()
    for key, english in TEMPLATES.items():
        given = dict.fromkeys(values_of(english), "x")
        said = fill(Sentence(key, given), words)
        assert "{" not in said
        assert bool(said) == bool(english), key


def values_of(text: str) -> list[str]:
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name})
