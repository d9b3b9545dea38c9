"""The border at which what peers and zones said leaves the engine: from here on every text is fit to be shown.

Reports, routes and discoveries pass it, and so whatever draws, exports or stores them need not think of it.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
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
    if kind is str:
        return bounded(value)
    if kind is tuple:
        parts = [_shown(each) for each in value]
        return value if _same(parts, value) else tuple(parts)
    if isinstance(value, Mapping):
        pairs = {_shown(key): _shown(each) for key, each in value.items()}
        return value if pairs == value else pairs
    names = _field_names(kind)
    if not names:
        return value
    changed = {}
    for name in names:
        before = getattr(value, name)
        after = _shown(before)
        if after is not before:
            changed[name] = after
    return replace(value, **changed) if changed else value


def _same(parts: list[Any], before: tuple[Any, ...]) -> bool:
    return all(after is each for after, each in zip(parts, before, strict=True))


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    if kind is TraceStep or not is_dataclass(kind):
        return ()
    return tuple(field.name for field in fields(kind))
