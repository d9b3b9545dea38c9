"""The calls that the vendors' pages document get the answers that they document (tests/data/vendors)."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.api.client import ApiUnderTest

FOLDER = Path(__file__).parents[1] / "data" / "vendors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """One call of a page; tests/data/vendors/README.md says what the keys mean."""

    vendor: str
    time: str
    name: str
    source: str
    method: str
    path: str
    body: dict[str, Any]
    status: int
    answer: dict[str, Any]
    again: dict[str, Any] | None = None
    ours: tuple[str, ...] = ()
    contradicts: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.vendor}: {self.name}"


def calls() -> list[Documented]:
    pages = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    return [
        Documented(vendor=page["vendor"], time=page["time"], **{**call, "ours": tuple(call.get("ours", ()))})
        for page in pages
        for call in page["calls"]
    ]


CALLS = calls()


def as_documented(given: Any, expected: Any, call: Documented) -> Any:
    """The answer with a placeholder where the page means any value of that kind, and without what is ours."""
    match given, expected:
        case dict(), dict():
            return {
                name: as_documented(value, expected.get(name), call)
                for name, value in given.items()
                if name not in call.ours
            }
        case (int() | str(), "<id>" | "<id or null>") if given:
            return expected
        case (None, "<id or null>"):
            return expected
        case (str(), "<time>") if re.fullmatch(call.time, given):
            return expected
    return given


def corrected(expected: Any, contradiction: dict[str, str]) -> Any:
    """What the page would print if its sample agreed with itself."""
    if not isinstance(expected, dict):
        return expected
    answer = {name: corrected(value, contradiction) for name, value in expected.items()}
    if contradiction and answer.get(contradiction["field"]) == contradiction["printed"]:
        answer[contradiction["field"]] = contradiction["said"]
    return answer


@pytest.mark.parametrize("call", CALLS, ids=str)
async def test_a_documented_call_gets_the_documented_answer(api: ApiUnderTest, call: Documented) -> None:
    trunk = (await api.create())["id"] if "{trunk_id}" in call.path else ""
    path = call.path.replace("{trunk_id}", trunk)
    first = await api.client.request(call.method, path, json=call.body)
    assert first.status_code == call.status, first.text
    expected = corrected(call.answer, call.contradicts)
    assert as_documented(first.json(), expected, call) == expected
    for secret in ("password", "sip_password"):
        assert call.body.get(secret, "?") not in first.text
    if call.again is not None:
        second = await api.client.request(call.method, path, json=call.body)
        assert (second.status_code, second.json()) == (call.again["status"], call.again["answer"])


def test_every_vendor_has_its_page() -> None:
    assert {call.vendor for call in CALLS} == {"talkover", "autocalls", "bolna"}
