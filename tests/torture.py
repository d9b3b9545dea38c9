"""The corpus of hard SIP messages in tests/data/torture, with what must come of each."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "torture"
FILES = frozenset(path.stem for path in FOLDER.glob("*.dat"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HardMessage:
    """An entry of messages.toml; tests/data/torture/README.md says what the keys mean."""

    name: str
    after: str
    tests: str
    start: str | int | None = None
    vias: int = 0
    defects: tuple[str, ...] = ()
    refused: str | None = None
    host: str | None = None
    uri: str | None = None
    received: str | None = None
    realm: str | None = None
    encoding: str = "utf-8"
    retry_after: int | None = None
    stream: bool = True

    @property
    def data(self) -> bytes:
        return (FOLDER / f"{self.name}.dat").read_bytes()

    def __str__(self) -> str:
        return self.name


def _message(name: str, entry: dict[str, Any]) -> HardMessage:
    return HardMessage(name=name, **{**entry, "defects": tuple(entry.get("defects", ()))})


_TABLE = tomllib.loads((FOLDER / "messages.toml").read_text(encoding="utf-8"))
MESSAGES = tuple(_message(name, entry) for name, entry in _TABLE.items())
READ = tuple(message for message in MESSAGES if message.refused is None)
REFUSED = tuple(message for message in MESSAGES if message.refused is not None)
