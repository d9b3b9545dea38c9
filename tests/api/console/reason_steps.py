"""What the pages of the reasons say to a customer, read from them: `python tests/api/console/reason_steps.py` writes
the console's copy anew.
"""

import re
import textwrap
from pathlib import Path
from typing import Any

import yaml

from api.console.page import FOLDER
from sipcheck.reasons import Reason

COPY = FOLDER / "reasons.yaml"

_PAGES = Path(__file__).parents[3] / "docs" / "reasons"
_HEAD = """\
# What the pages of docs/reasons tell a customer, a copy that the wheel can take along. Written by
# python tests/api/console/reason_steps.py, and held to the pages by tests/api/console/test_reasons.py.
"""
# Whoever reads it in a browser has a form instead.
_OPTION_ALONE = re.compile(r" \(`--[^`]*`\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def read_pages() -> dict[str, Any]:
    return {reason.value: _read(reason) for reason in Reason}


def _read(reason: Reason) -> dict[str, Any]:
    text = (_PAGES / f"{reason.value}.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"^## What you do\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    line = text.split("\n\n")[1]
    return {"line": _plain(line), "steps": [_plain(step) for step in _steps(section)]}


def _steps(section: str) -> list[str]:
    numbered = re.split(r"^\d+\. ", section, flags=re.MULTILINE)[1:]
    return numbered or section.strip().split("\n\n")


def _plain(text: str) -> str:
    without_links = _LINK.sub(r"\1", " ".join(text.split())).replace("**", "")
    return _OPTION_ALONE.sub("", without_links)


if __name__ == "__main__":
    written = yaml.safe_dump(read_pages(), sort_keys=False, allow_unicode=True, width=118)
    COPY.write_text(_HEAD + textwrap.dedent(written), encoding="utf-8")
