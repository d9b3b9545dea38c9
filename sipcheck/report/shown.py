"""The border at which what peers and zones said leaves the engine: from here on every text is fit to be shown.

Reports, routes and discoveries pass it, and so whatever draws, exports or stores them need not think of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from operator import is_
from typing import Any, TypeVar, cast

from sipcheck.printable import bounded
from sipcheck.report.model import TraceStep

Value = TypeVar("Value")


def shown(value: Value) -> Value:
    """Make every text in a value printable and of bounded length; what needs no change is the same object.

    A step of a trace was made so when it was recorded, within bounds of its own.
    """
    return cast(Value, _shown(value))


def _shown(value: Any) -> Any:
    kind: Any = type(value)
    make_shown = _maker(kind)
    return value if make_shown is None else make_shown(value)


@cache
def _maker(kind: Any) -> Callable[[Any], Any] | None:
    """What makes a value of this kind fit to be shown; None where it holds no text of others."""
    if kind is str:
        return bounded
    if kind is tuple:
        return _shown_tuple
    if issubclass(kind, Mapping):
        return _shown_mapping
    if kind is TraceStep or not is_dataclass(kind):
        return None
    names = tuple(field.name for field in fields(kind))

    def shown_fields(value: Any) -> Any:
        changed = {}
        for name in names:
            before = getattr(value, name)
            after = _shown(before)
            if after is not before:
                changed[name] = after
        return replace(value, **changed) if changed else value

    return shown_fields


def _shown_tuple(value: tuple[Any, ...]) -> tuple[Any, ...]:
    parts = [_shown(each) for each in value]
    return value if all(map(is_, parts, value)) else tuple(parts)


def _shown_mapping(value: Mapping[Any, Any]) -> Mapping[Any, Any]:
    pairs = {_shown(key): _shown(each) for key, each in value.items()}
    return value if pairs == value else pairs
