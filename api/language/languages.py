"""Which language an answer is written in: asked for by `?lang=`, else by Accept-Language, else English."""

from collections.abc import Iterator
from contextvars import ContextVar
from enum import StrEnum
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Scope

PARAMETER = "lang"
_MOST_RANGES = 32


class Language(StrEnum):
    """Written as in Content-Language (BCP 47)."""

    ENGLISH = "en"
    PORTUGUESE = "pt-BR"


# Each in its own words.
NAMES = ((Language.ENGLISH.value, "English"), (Language.PORTUGUESE.value, "Português"))

# Any Portuguese is served in Brazil's: it is the one that there is (RFC 4647 §3.4 would find none for pt-PT).
_BY_PRIMARY_TAG = {each.value.partition("-")[0]: each for each in Language}

_current: ContextVar[Language] = ContextVar("language", default=Language.ENGLISH)


def speak(language: Language) -> None:
    """Let what is answered from here on, in this task and the threads that it asks, be written in this language."""
    _current.set(language)


def current_language() -> Language:
    return _current.get()


def wanted_language(scope: Scope) -> Language:
    """Choose the language of an answer; what nobody speaks here is passed over."""
    given = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=1000).get(PARAMETER, [])
    accepted = ", ".join(Headers(scope=scope).getlist("accept-language"))
    found = (spoken(each) for each in (*given, *_by_weight(accepted)))
    return next((each for each in found if each is not None), Language.ENGLISH)


def spoken(tag: str) -> Language | None:
    return _BY_PRIMARY_TAG.get(tag.strip().lower().replace("_", "-").partition("-")[0])


def _by_weight(header: str) -> list[str]:
    """The ranges of Accept-Language, the most wanted first (RFC 9110 §12.5.4); those with q=0 are unwanted."""
    ranges = list(_ranges(header))
    return [tag for tag, weight in sorted(ranges, key=lambda each: -each[1]) if weight > 0]


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for part in header.split(",")[:_MOST_RANGES]:
        tag, *parameters = (each.strip() for each in part.split(";"))
        weight = next((each[2:] for each in parameters if each[:2].lower() == "q="), "1")
        yield tag, _weight(weight)


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
