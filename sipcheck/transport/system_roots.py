"""Contexts that trust the system's roots: read once for a whole process, as OpenSSL takes some 30 ms to read them."""

import contextlib
import ssl
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

Make = Callable[[], ssl.SSLContext]


def shared_context(make: Make) -> ssl.SSLContext:
    """Give what `make` makes of the system's roots, as long as these are the same; it is not to be changed."""
    return _made(make, _roots())


@lru_cache(maxsize=8)
def _made(make: Make, roots: tuple[object, ...]) -> ssl.SSLContext:
    return make()


def _roots() -> tuple[object, ...]:
    """Tell the roots from those of another moment, or of another environment; a folder is read at each handshake."""
    paths = ssl.get_default_verify_paths()
    with contextlib.suppress(OSError):
        if paths.cafile is not None:
            file = Path(paths.cafile).stat()
            return paths, file.st_ino, file.st_size, file.st_mtime_ns
    return (paths,)
