"""docs/inbound.md names every reason of the code, in its order."""

import re
from pathlib import Path

from sipcheck.diagnosis.inbound.reasons import InboundReason

PAGE = (Path(__file__).parents[1] / "docs" / "inbound.md").read_text(encoding="utf-8")


def test_the_reasons_are_those_of_the_code() -> None:
    assert re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE) == list(InboundReason)
