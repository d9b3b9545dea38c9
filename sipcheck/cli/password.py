"""Where the password comes from: a variable, a file or standard input, never an argument that `ps` could show."""

import getpass
import os
import sys
from pathlib import Path

from sipcheck.cli.usage import refuse

_SOURCES = "--password-env, --password-file or --password-stdin"
_MOST_BYTES = 4096


def read_password(*, variable: str | None, file: Path | None, from_stdin: bool) -> str | None:
    """Read the password from its one source, or return None where none is named; ends the program otherwise."""
    named = [source for source in (variable, file, from_stdin or None) if source is not None]
    if len(named) > 1:
        refuse(f"the password is given {len(named)} times; give one of {_SOURCES}")
    if variable is not None:
        return _from_environment(variable)
    if file is not None:
        return _from_file(file)
    return _from_stdin() if from_stdin else None


def _from_environment(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        state = "is not set" if value is None else "is empty"
        refuse(f"--password-env {variable!r}: the variable {state}; export it first")
    return _decoded(os.fsencode(value), f"--password-env {variable!r}: the variable")


def _from_file(file: Path) -> str:
    try:
        with file.open("rb") as source:
            data = source.read(_MOST_BYTES + 1)
    except OSError as error:
        refuse(
            f"--password-file {str(file)!r}: {error.strerror}; "
            "give a readable file that holds the password alone"
        )
    return _line(data, f"--password-file {str(file)!r}: the file")


def _from_stdin() -> str:
    if sys.stdin.isatty():
        return _not_empty(_typed(), "--password-stdin: nothing was typed")
    return _line(sys.stdin.buffer.read(_MOST_BYTES + 1), "--password-stdin: standard input")


def _typed() -> str:
    try:
        return getpass.getpass("SIP password: ")
    except EOFError:
        return ""


def _decoded(data: bytes, what: str) -> str:
    """Read UTF-8 whatever the locale: RFC 7616 §4 hashes the password in it."""
    if len(data) > _MOST_BYTES:
        refuse(f"{what} holds more than {_MOST_BYTES} bytes; give the password alone")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        refuse(f"{what} is not UTF-8 text; give the password alone, in UTF-8")


def _line(data: bytes, what: str) -> str:
    return _not_empty(_decoded(data, what).removesuffix("\n").removesuffix("\r"), f"{what} is empty")


def _not_empty(password: str, fault: str) -> str:
    if not password:
        refuse(f"{fault}; give the password there")
    return password
