"""What a real LiveKit answered, and whether another answers the same."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "recorded"


@dataclass(frozen=True, slots=True)
class Record:
    """The lines that each scenario gave on a real LiveKit, in a file of this name.

    Where LIVEKIT_TEST_RECORD says which versions are asked, what they answer is written there.
    """

    name: str

    def require(self, scenario: str, lines: list[str]) -> None:
        """Compare with what was recorded, or record it."""
        versions = os.environ.get("LIVEKIT_TEST_RECORD")
        if versions:
            self._write(versions, scenario, lines)
        assert lines == self.answers()[scenario]

    def answers(self) -> dict[str, list[str]]:
        """Give the recorded lines by scenario."""
        answers: dict[str, list[str]] = self._read()["answers"]
        return answers

    def _write(self, versions: str, scenario: str, lines: list[str]) -> None:
        answers = {**self._read().get("answers", {}), scenario: lines}
        content = {"versions": versions, "answers": dict(sorted(answers.items()))}
        self._file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def _read(self) -> dict[str, dict[str, list[str]]]:
        content: dict[str, dict[str, list[str]]] = (
            json.loads(self._file.read_text()) if self._file.exists() else {}
        )
        return content

    @property
    def _file(self) -> Path:
        return _FOLDER / f"{self.name}.json"
