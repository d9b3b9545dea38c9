"""What is wrong with a field, for a person: the framework's own words speak of its types and patterns."""

from collections.abc import Callable, Mapping
from typing import Any

_Context = Mapping[str, Any]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _length(context: _Context, bound: str, words: str) -> str:
    # A list has entries; all else that has a length here is text, a secret among it.
    what = "entry" if context.get("field_type") == "List" else "character"
    return f"have {words} {_counted(context[bound], what).replace('entrys', 'entries')}"


def _one_of(context: _Context) -> str:
    """Name the values, which the framework gives as 'a', 'b' or 'c'."""
    return (
        f"be one of: {', '.join(context['expected'].replace(' or ', ', ').replace(chr(39), '').split(', '))}"
    )


_WHOLE = "be a whole number"
_SWITCH = "be true or false"
_PREDICATES: Mapping[str, Callable[[_Context], str]] = {
    "string_type": lambda context: "be text",
    "string_unicode": lambda context: "be text, without halves of surrogate pairs",
    "string_too_short": lambda context: _length(context, "min_length", "at least"),
    "string_too_long": lambda context: _length(context, "max_length", "at most"),
    "too_short": lambda context: _length(context, "min_length", "at least"),
    "too_long": lambda context: _length(context, "max_length", "at most"),
    "int_type": lambda context: _WHOLE,
    "int_parsing": lambda context: _WHOLE,
    "int_from_float": lambda context: _WHOLE,
    "int_parsing_size": lambda context: "be a number of fewer digits",
    "greater_than_equal": lambda context: f"be at least {context['ge']}",
    "less_than_equal": lambda context: f"be at most {context['le']}",
    "bool_type": lambda context: _SWITCH,
    "bool_parsing": lambda context: _SWITCH,
    "enum": _one_of,
    "literal_error": _one_of,
    "list_type": lambda context: "be a list",
    "model_type": lambda context: "be an object with fields",
    "model_attributes_type": lambda context: "be an object with fields",
    "dict_type": lambda context: "be an object with fields",
}


def must_of(fault: Mapping[str, Any]) -> str | None:
    """Say what a field must be or have, of one of pydantic's errors; None for those in words of ours."""
    predicate = _PREDICATES.get(fault["type"])
    return None if predicate is None else predicate(fault.get("ctx", {}))
