"""Clients measured side by side: every round measures each of them once, and begins with another one."""

import sys
from collections.abc import Sequence

from benchmarks.client import Client
from benchmarks.measurement import Sample, Series


def measure_rounds(row: str, clients: Sequence[Client], rounds: int) -> tuple[Series, ...]:
    """Measure all clients in turn, round after round. Raises ProgramFailed."""
    samples: list[list[Sample]] = [[] for _ in clients]
    for round_ in range(rounds):
        for turn in range(len(clients)):
            place = (round_ + turn) % len(clients)
            sys.stderr.write(f"{row}, round {round_ + 1} of {rounds}: {clients[place].name}\n")
            samples[place].append(clients[place].sample())
    return tuple(
        Series(name=client.name, role=client.role, samples=tuple(taken))
        for client, taken in zip(clients, samples, strict=True)
    )
