"""By which numbers an extension is called that another environment has too."""

from collections.abc import Iterator
from uuid import UUID

# +889 is no country's.
_PREFIX = "+889"
_ENVIRONMENTS = 100_000
_TRIED = 50


def extension_numbers(environment_id: UUID, extension: str) -> Iterator[str]:
    """Give +889, five digits of the environment and the extension's digits; then others, where that is taken."""
    digits = "".join(sign for sign in extension if sign in "0123456789")
    for step in range(_TRIED):
        yield f"{_PREFIX}{(environment_id.int + step) % _ENVIRONMENTS:05d}{digits}"
