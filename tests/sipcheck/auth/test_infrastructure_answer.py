"""Who answers which challenge, calls or we: a table, and what a real LiveKit did with each of its own."""

import json
from pathlib import Path

import pytest

from sipcheck import Credentials
from sipcheck.auth.infrastructure_answer import unanswerable
from sipcheck.auth.round import AuthenticationRound

RECORD = Path(__file__).parents[2] / "livekit_contract" / "recorded" / "challenges.json"
DIGEST = 'Digest realm="r", nonce="n"'


@pytest.mark.parametrize(
    ("values", "key", "by_us"),
    [
        ([], None, False),
        ([DIGEST], None, True),
        ([f"{DIGEST}, algorithm=md5"], None, True),
        ([f"{DIGEST}, algorithm=SHA-512"], None, False),
        ([f'{DIGEST}, qop="auth,auth-int"'], None, True),
        ([DIGEST, 'Basic realm="r"'], None, True),
        ([f"{DIGEST}, algorithm=MD5-sess"], "algorithm", False),
        ([f"{DIGEST}, algorithm=MD5-sess", DIGEST], "algorithm", True),
        ([f"{DIGEST}, algorithm=AKAv1-MD5"], "algorithm", False),
        (['Basic realm="r"', DIGEST], "scheme", True),
        ([""], "scheme", False),
        (['digest realm="r", nonce="n"'], "written", True),
        ([f"{DIGEST}, algorithm=SHA-256, {DIGEST}"], "several", True),
        ([f'{DIGEST}, Basic realm="r"'], "several", True),
        ([f"{DIGEST},"], "unreadable", True),
        (['Digest realm="r, nonce="n"'], "unreadable", False),
        (['Digest REALM="r", nonce="n"'], "capitals", True),
        ([f'{DIGEST}, qop="auth-int"'], "body", True),
        ([f'{DIGEST}, qop="auth-int, auth"'], "body", True),
        ([f'{DIGEST}, qop="token"'], "qop", False),
    ],
)
def test_who_answers_a_challenge_and_why_calls_do_not(
    values: list[str], key: str | None, by_us: bool
) -> None:
    said = unanswerable(values)
    assert (None if said is None else said.key.rpartition(".")[2]) == key
    answered = AuthenticationRound().to_answer(values, (), Credentials("alice", "secret"))
    assert (answered is not None) is by_us


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
