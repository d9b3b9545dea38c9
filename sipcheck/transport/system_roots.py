"""Contexts that trust the system's roots, and a file's beside them: made once for all who want the same.

OpenSSL takes some 30 ms to read the system's.
"""

import contextlib
import ssl
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

Make = Callable[[], ssl.SSLContext]


def shared_context(make: Make, beside: Path | None = None) -> ssl.SSLContext:
    """Give what `make` makes, as long as the roots are the same; it is not to be changed.

    Raises OSError and ssl.SSLError for a file that cannot be used.
    """
    return _made(make, _system_roots(), beside, None if beside is None else beside.read_bytes())


@lru_cache(maxsize=8)
def _made(
    make: Make, system: tuple[object, ...], beside: Path | None, content: bytes | None
) -> ssl.SSLContext:
    """What the arguments after the first say is what tells one context from another."""
    context = make()
    if beside is not None:
        context.load_verify_locations(cafile=beside)
    return context


def _system_roots() -> tuple[object, ...]:
    """Tell the system's roots from those of another moment or environment; a folder is read at each handshake."""
    paths = ssl.get_default_verify_paths()
    with contextlib.suppress(OSError):
        if paths.cafile is not None:
            file = Path(paths.cafile).stat()
            return paths, file.st_ino, file.st_size, file.st_mtime_ns
    return (paths,)
