"""The `;name=value` parameters of a header value or a URI."""

from collections.abc import Iterator
from dataclasses import dataclass

from sipcheck.message.grammar import WHITESPACE, split_top_level


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters in order, values as they were written; the value is null where there is no `=`.

    Names are compared without case (RFC 3261 §7.3.1); of a repeated one the first value counts.
    """

    pairs: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Parameters":
        """Read `a=b;c`, the text after the first semicolon; an empty parameter is passed over."""
        return (
            cls(tuple([_pair(part) for part in split_top_level(text, ";") if part]))
            if text
            else NO_PARAMETERS
        )

    def get(self, name: str) -> str | None:
        """The first value given; null when the parameter is absent or has none."""
        wanted = name.lower()
        for key, value in self.pairs:
            if value is not None and (key == wanted or key.lower() == wanted):
                return value
        return None

    def replace(self, name: str, value: str | None) -> "Parameters":
        """The same parameters with this one set in its place, or added at the end."""
        if name not in self:
            return Parameters((*self.pairs, (name, value)))
        wanted = name.lower()
        return Parameters(tuple((key, value if key.lower() == wanted else old) for key, old in self.pairs))

    def with_first(self, name: str, value: str | None) -> "Parameters":
        """The same parameters with this one set in its place, or added before the others."""
        return self.replace(name, value) if name in self else Parameters(((name, value), *self.pairs))

    def __contains__(self, name: str) -> bool:
        wanted = name.lower()
        return any(key.lower() == wanted for key, _ in self.pairs)

    def __iter__(self) -> Iterator[tuple[str, str | None]]:
        return iter(self.pairs)

    def __str__(self) -> str:
        return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in self.pairs)


NO_PARAMETERS = Parameters()


def _pair(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    return name.rstrip(WHITESPACE), value.lstrip(WHITESPACE) if equals else None
