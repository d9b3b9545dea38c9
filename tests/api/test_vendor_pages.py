"""The calls of the vendors' own pages, taken from the pages as they stand, get the answers printed below them."""

import json
import os
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api.client import ApiUnderTest

FOLDER = Path(os.environ.get("VENDOR_PAGES_DIR", Path(__file__).parents[3] / "shared" / "seeds"))
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no pages of the vendors in {FOLDER}")

TRUNK = {"trunk-uuid-1", "{trunk_id}"}
# A page calls a Brazilian number American, and prints another number's format: what we say instead.
CONTRADICTED = {"+5511987654321": "(11) 98765-4321"}


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    headers: dict[str, str]
    body: str
    answer: dict[str, Any]


def calls_of(page: str) -> Iterator[Call]:
    position = 0
    while (start := page.find("curl -", position)) >= 0:
        words, end = _shell_words(page, start)
        answer, length = json.JSONDecoder().raw_decode(page[(printed := page.index("{\n", end)) :])
        yield _call(words, answer)
        position = printed + length


def _shell_words(page: str, start: int) -> tuple[list[str], int]:
    """Read one command, which ends where a line neither goes on nor leaves a quote open."""
    end = start
    while True:
        end = page.index("\n", end) + 1
        command = page[start:end].rstrip()
        if command.endswith("\\"):
            continue
        try:
            return shlex.split(command.replace("\\\n", " ")), end
        except ValueError:
            continue


def _call(words: list[str], answer: dict[str, Any]) -> Call:
    curl = ArgumentParser()
    curl.add_argument("-X", "--request")
    curl.add_argument("-H", "--header", action="append")
    curl.add_argument("-d", "--data")
    curl.add_argument("--url")
    curl.add_argument("place", nargs="?")
    given = curl.parse_args(words[1:])
    headers = dict(line.split(": ", 1) for line in given.header)
    return Call(given.request, urlsplit(given.url or given.place).path, headers, given.data, answer)


def documented(answer: Any) -> Any:
    """Leave out what differs with each call: ids and times, and what a page only names the type of."""
    if isinstance(answer, dict):
        return {
            name: documented(value)
            for name, value in answer.items()
            if name not in ("id", "trunk_id", "byot_trunk_id", "created_at", "updated_at", "warnings")
            and value != "<string>"
        }
    return answer


def pages() -> dict[str, str]:
    """Choose the pages that have a call; autocalls' has answers alone (test_autocalls.py)."""
    if not FOLDER.is_dir():
        return {}
    read = {page.stem: page.read_text(encoding="utf-8") for page in sorted(FOLDER.glob("*.txt"))}
    return {name: text for name, text in read.items() if "curl -" in text}


@pytest.mark.parametrize("page", pages().values(), ids=pages())
async def test_the_pages_calls_get_the_pages_answers(api: ApiUnderTest, page: str) -> None:
    calls = list(calls_of(page))
    assert calls
    for call in calls:
        trunk = (await api.create())["id"]
        path = "/".join(trunk if part in TRUNK else part for part in call.path.split("/"))
        answer = await api.client.request(
            call.method,
            path,
            content=call.body.encode(),
            headers={**call.headers, "Authorization": api.client.headers["Authorization"]},
        )
        assert answer.status_code == 201, answer.text
        given, expected = documented(answer.json()), documented(call.answer)
        number = expected.get("data", {}).get("number")
        if number in CONTRADICTED:
            expected["data"]["formatted_number"] = CONTRADICTED[number]
        if "deleted" in expected:  # bolna's page prints its type's example; a new number is not deleted
            expected["deleted"] = False
            given = {name: given[name] for name in expected}
        assert given == expected
        # One number is registered once: the next call of the page brings the same.
        removed = await api.client.delete(f"/sip-trunks/trunks/{trunk}")
        assert removed.status_code == 200, removed.text
