"""Callers over HTTP, each on a connection of its own that is kept open."""

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from benchmarks.cost import ProgramFailed
from benchmarks.service.processes import HOST

_ANSWER_WITHIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was answered: the run that it asked for, and how long the caller waited."""

    verification_id: UUID
    wall_ms: float


def ask_for_runs(port: int, token: str, trunks: Sequence[UUID], *, callers: int) -> list[Call]:
    """Ask for a run of each trunk, without waiting for it. Raises ProgramFailed."""
    return _call_all(port, token, trunks, "?async=true", http.HTTPStatus.ACCEPTED, callers)


def verify_and_wait(port: int, token: str, trunks: Sequence[UUID], *, callers: int) -> list[Call]:
    """Verify each trunk on demand. Raises ProgramFailed for whatever is no success."""
    return _call_all(port, token, trunks, "", http.HTTPStatus.OK, callers)


def _call_all(
    port: int, token: str, trunks: Sequence[UUID], query: str, wanted: int, callers: int
) -> list[Call]:
    def call(number: int) -> list[Call]:
        own = islice(trunks, number, None, callers)
        return list(_calls(port, token, own, query, wanted))

    if callers == 1:
        return call(0)
    with ThreadPoolExecutor(callers) as threads:
        return [each for made in threads.map(call, range(callers)) for each in made]


def _calls(port: int, token: str, trunks: Iterator[UUID], query: str, wanted: int) -> Iterator[Call]:
    connection = http.client.HTTPConnection(HOST, port, timeout=_ANSWER_WITHIN_SECONDS)
    headers = {"Authorization": f"Bearer {token}"}
    try:
        for trunk_id in trunks:
            started = time.perf_counter()
            connection.request("POST", f"/api/v1/sip-trunks/{trunk_id}/verify{query}", headers=headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            wall_ms = (time.perf_counter() - started) * 1e3
            if answer.status != wanted or body["success"] is not True:
                raise ProgramFailed(f"a call was answered with {answer.status}: {body}")
            yield Call(UUID(body["data"]["verification_id"]), wall_ms)
    finally:
        connection.close()
