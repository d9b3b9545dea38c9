"""The header fields of one message (RFC 3261 §7.3)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from sipcheck.message.grammar import split_top_level

# RFC 3261 §7.3.3 and the registry of header fields (RFC 3515, 3841, 3892, 4028, 4474, 6665).
COMPACT_NAMES = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}


# The same few stand in every message; others may be long, so that not many are kept.
@lru_cache(maxsize=128)
def canonical_name(name: str) -> str:
    """The long form in lower case: one spelling for every way to write a field's name."""
    lower = name.lower()
    return COMPACT_NAMES.get(lower, lower)


@dataclass(frozen=True, slots=True)
class Headers:
    """Field lines in order, unfolded and stripped; names match without case and in compact form too."""

    lines: tuple[tuple[str, str], ...] = ()
    _values: dict[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        values: dict[str, list[str]] = {}
        for name, value in self.lines:
            values.setdefault(canonical_name(name), []).append(value)
        object.__setattr__(self, "_values", values)

    def get(self, name: str) -> str | None:
        """The first line's value."""
        values = self._values.get(canonical_name(name))
        return values[0] if values else None

    def get_all(self, name: str) -> tuple[str, ...]:
        """Every line's value in order, not split at commas."""
        return tuple(self._values.get(canonical_name(name), ()))

    def split(self, name: str) -> tuple[str, ...]:
        """Every value of a comma-separated field (§7.3.1); empty ones are left out.

        Not for WWW-Authenticate and its kin, whose parameters are separated by commas themselves.
        """
        return tuple(value for line in self.get_all(name) for value in split_top_level(line, ",") if value)

    def __contains__(self, name: str) -> bool:
        return canonical_name(name) in self._values

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)
