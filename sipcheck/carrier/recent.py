"""What is remembered of late, and forgotten when newer things come."""

from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

_KEPT = 1024


class Recent(dict[Key, Value]):
    """A mapping of the newest entries."""

    def remember(self, key: Key, value: Value) -> None:
        self[key] = value
        if len(self) > _KEPT:
            del self[next(iter(self))]
