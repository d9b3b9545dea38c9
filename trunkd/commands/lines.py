"""What commands list, a row a line with its fields behind tabs, and the words that a command keeps for a row."""

import typer

MOST_CHARACTERS = 255


def row(*fields: object) -> str:
    """Give a line; what would end the line or the field within one, or is seen by nobody, is shown as its escape."""
    return "\t".join(map(_shown, map(str, fields)))


def _shown(field: str) -> str:
    return field if field.isprintable() else "".join(map(_sign, field))


def _sign(sign: str) -> str:
    return sign if sign.isprintable() else repr(sign)[1:-1]


def words(text: str, option: str, *, needed: bool = False) -> str:
    """Read what is kept in a row as it was given. Raises BadParameter where a list could not show it in a line."""
    text = text.strip()
    least = 1 if needed else 0
    if not least <= len(text) <= MOST_CHARACTERS or not text.isprintable():
        count = f"{len(text)} characters" if text.isprintable() else "some that are not printable"
        given = "nothing" if not text else f"{_shown(text[:40])!r}, with {count}"
        raise typer.BadParameter(
            f"{given}: give {least} to {MOST_CHARACTERS} printable characters, in a line", param_hint=option
        )
    return text
