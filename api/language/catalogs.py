"""The words of a language: gettext catalogues beside this file, made by `make translations`.

A sentence of the engine is found by its key, as the context of its English; all other texts by their English.
"""

import gettext
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from api.language.languages import Language, current_language
from sipcheck.diagnosis.sentences import TEMPLATES

DOMAIN = "trunkd"


def catalog_folder(language: Language) -> str:
    """Where a language's catalogue lies, as gettext names it."""
    return f"locale/{language.replace('-', '_')}/LC_MESSAGES"


@cache
def _catalog(language: Language) -> gettext.NullTranslations:
    if language is Language.ENGLISH:
        return gettext.NullTranslations()
    with files("api.language").joinpath(catalog_folder(language), f"{DOMAIN}.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


@cache
def templates(language: Language) -> Mapping[str, str]:
    """The engine's sentences in this language, by key."""
    if language is Language.ENGLISH:
        return TEMPLATES
    said = _catalog(language).pgettext
    return {key: said(key, english) if english else "" for key, english in TEMPLATES.items()}


def translated(english: str) -> str:
    """Say a text of the service's own in the language of this answer."""
    return in_language(english, current_language())


def in_language(english: str, language: Language) -> str:
    """Say a text of the service's own in this language."""
    return _catalog(language).gettext(english) if english else ""


def marked(english: str) -> str:
    """Mark a text for the catalogue that is translated where it is shown."""
    return english
