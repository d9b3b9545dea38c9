"""A list of values as PostgreSQL takes an array in one piece of text."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, JSON, Dialect, TypeDecorator
from sqlalchemy.types import TypeEngine


class ArrayText(TypeDecorator[Sequence[Any]]):
    """An array that is only ever sent: the driver looks at each element by itself, which costs more than all the rest
    where a statement has a thousand of them. Of JSON, too, there is an array then.
    """

    impl = ARRAY
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__(item)
        self.item = item

    def bind_processor(self, dialect: Dialect) -> Callable[[Sequence[Any] | None], str | None]:
        """Write `{…}` of what the column's own type makes of each element."""
        prepare = _prepared(self.item, dialect)

        def written(values: Sequence[Any] | None) -> str | None:
            if values is None:
                return None
            prepared = values if prepare is None else map(prepare, values)
            return "{" + ",".join([_WRITTEN[type(each)](each) for each in prepared]) + "}"

        return written


def _prepared(item: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    # The driver's own JSON is an object that it turns to text itself.
    if isinstance(item, JSON):
        return JSON.bind_processor(item, dialect)  # type: ignore[no-untyped-call, no-any-return]
    return item.bind_processor(dialect)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Writers(dict[type, Callable[[Any], str]]):
    """By the kind of value; one of a kind made of another is written as that."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        base = next((each for each in kind.__mro__ if each in self), None)
        if base is None:
            raise TypeError(f"no column's values are of the kind {kind.__name__}")
        self[kind] = self[base]
        return self[base]


_WRITTEN = _Writers(
    {
        type(None): lambda _: "NULL",
        UUID: lambda each: f"{each.int:032x}",
        str: _quoted,
        bool: lambda each: "t" if each else "f",
        int: int.__repr__,
        float: float.__repr__,
        datetime: datetime.isoformat,
    }
)
