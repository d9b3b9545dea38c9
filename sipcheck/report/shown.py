"""The border at which what peers and zones said leaves the engine: from here on every text is fit to be shown.

Reports, routes and discoveries pass it, and so whatever draws, exports or stores them need not think of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cache
from operator import attrgetter, is_
from typing import Any, TypeVar, cast, get_args, get_type_hints

from sipcheck.report.model import TraceStep
from sipcheck.report.printable import TEXT_LIMIT, bounded

# What holds no text of others; a step of a trace was made fit to be shown when it was recorded.
_WITHOUT_TEXT = (Enum, int, float, datetime, type(None), TraceStep)

Value = TypeVar("Value")


def shown(value: Value) -> Value:
    """Make every text in a value printable and of bounded length; what needs no change is the same object.

    A step of a trace was made so when it was recorded, within bounds of its own.
    """
    return cast(Value, _shown(value))


def _shown(value: Any) -> Any:
    kind: Any = type(value)
    if kind is str:
        return value if len(value) <= TEXT_LIMIT and value.isprintable() else bounded(value)
    make_shown = _maker(kind)
    return value if make_shown is None else make_shown(value)


@cache
def _maker(kind: Any) -> Callable[[Any], Any] | None:
    """What makes a value of this kind fit to be shown; None where it holds no text of others."""
    if kind is tuple:
        return _shown_tuple
    if issubclass(kind, Mapping):
        return _shown_mapping
    if kind is TraceStep or not is_dataclass(kind):
        return None
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind) if _may_hold_text(hints[field.name])]
    if not names:
        return None
    values_of = attrgetter(*names, "__class__")  # with one name more it always gives a tuple

    def shown_fields(value: Any) -> Any:
        changed = {}
        for name, before in zip(names, values_of(value), strict=False):
            # Half of them are absent, and of the others most are short: neither needs a call.
            if before is None or (type(before) is str and len(before) <= TEXT_LIMIT and before.isprintable()):
                continue
            after = _shown(before)
            if after is not before:
                changed[name] = after
        return replace(value, **changed) if changed else value

    return shown_fields


def _may_hold_text(hint: Any) -> bool:
    """Whether a value of this type can hold text of others."""
    if isinstance(hint, type):
        return not issubclass(hint, _WITHOUT_TEXT)
    parts = [part for part in get_args(hint) if part is not Ellipsis]
    return not parts or any(map(_may_hold_text, parts))


def _shown_tuple(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        return value
    parts = [_shown(each) for each in value]
    return value if all(map(is_, parts, value)) else tuple(parts)


def _shown_mapping(value: Mapping[Any, Any]) -> Mapping[Any, Any]:
    for key, each in value.items():
        if _shown(key) is not key or _shown(each) is not each:
            return {_shown(key): _shown(each) for key, each in value.items()}
    return value
