"""Challenges that calls could not answer: a table, and what a real LiveKit did with each of its own."""

import json
from pathlib import Path

import pytest

from sipcheck.auth.infrastructure_answer import unanswerable

RECORD = Path(__file__).parents[2] / "livekit_contract" / "recorded" / "challenges.json"
DIGEST = 'Digest realm="r", nonce="n"'


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ([], None),
        ([DIGEST], None),
        ([f"{DIGEST}, algorithm=md5"], None),
        ([f"{DIGEST}, algorithm=SHA-512"], None),
        ([f'{DIGEST}, qop="auth,auth-int"'], None),
        ([DIGEST, 'Basic realm="r"'], None),
        ([f"{DIGEST}, algorithm=MD5-sess"], "algorithm"),
        ([f"{DIGEST}, algorithm=MD5-sess", DIGEST], "algorithm"),
        ([f"{DIGEST}, algorithm=AKAv1-MD5"], "algorithm"),
        (['Basic realm="r"', DIGEST], "scheme"),
        ([""], "scheme"),
        (['digest realm="r", nonce="n"'], "written"),
        ([f"{DIGEST}, algorithm=SHA-256, {DIGEST}"], "several"),
        ([f'{DIGEST}, Basic realm="r"'], "several"),
        ([f"{DIGEST},"], "unreadable"),
        (['Digest realm="r, nonce="n"'], "unreadable"),
        (['Digest REALM="r", nonce="n"'], "capitals"),
        ([f'{DIGEST}, qop="auth-int"'], "body"),
        ([f'{DIGEST}, qop="auth-int, auth"'], "body"),
        ([f'{DIGEST}, qop="token"'], "qop"),
    ],
)
def test_why_a_challenge_is_not_answered(values: list[str], key: str | None) -> None:
    said = unanswerable(values)
    assert (None if said is None else said.key.rpartition(".")[2]) == key


def recorded() -> dict[str, bool]:
    """Each challenge of the record, and whether a right answer to its own realm and nonce came."""
    answers = json.loads(RECORD.read_text())["answers"]
    lines = [*answers["challenges_one_by_one"], *answers["challenges_of_several_headers"]]
    blocks: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("# "):
            blocks[line[2:]] = []
        elif blocks:
            blocks[list(blocks)[-1]].append(line)
    return {title: any(_is_right(title, line) for line in block) for title, block in blocks.items()}


def _is_right(title: str, line: str) -> bool:
    kept = all(
        f"{name}=" not in title.lower() or f"{name}={value}" in line for name, value in [("nonce", "n")]
    )
    return line.endswith(", right") and kept


@pytest.mark.parametrize(("title", "answered"), list(recorded().items()))
def test_a_real_livekit_did_so(title: str, answered: bool) -> None:
    assert (unanswerable(title.split(" || ")) is None) == answered
