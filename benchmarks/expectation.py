"""What is expected of each figure: a limit that has to hold, and an aim; the queue's own are in benchmarks.targets."""

from dataclasses import dataclass
from enum import StrEnum

from benchmarks.rows import (
    console_pages,
    health_history,
    sweep_on_demand,
    tls_connection,
    tls_memory,
    udp_memory,
    udp_options,
    udp_register,
)


class Measure(StrEnum):
    """In what a limit is given."""

    RATIO = "×"  # of the reference's figure, in the same round
    KILOBYTES = "KB"  # 1,000 bytes
    MILLISECONDS = "ms"


@dataclass(frozen=True, slots=True)
class Expectation:
    """Holds the judged series of `row` to two upper limits."""

    metric: str
    row: str
    measure: Measure
    at_least: float
    aim: float


@dataclass(frozen=True, slots=True)
class LaterExpectation:
    """Something that several series tell together (benchmarks.sweeps); both limits in words."""

    metric: str
    at_least: str
    aim: str


EXPECTATIONS = (
    Expectation(
        "OPTIONS over UDP, CPU a probe against sipp", udp_options.KEY, Measure.RATIO, at_least=1.5, aim=1.0
    ),
    Expectation(
        "REGISTER with digest, CPU against sipp", udp_register.KEY, Measure.RATIO, at_least=1.3, aim=1.1
    ),
    Expectation(
        "new verified TLS connection and OPTIONS, CPU against openssl s_time -new",
        tls_connection.KEY,
        Measure.RATIO,
        at_least=1.25,
        aim=1.1,
    ),
    Expectation("memory of a UDP probe in flight", udp_memory.KEY, Measure.KILOBYTES, at_least=5.0, aim=2.4),
    Expectation("memory of a TLS connection", tls_memory.KEY, Measure.KILOBYTES, at_least=100.0, aim=55.0),
    Expectation(
        "history of 30 days at 100,000 destinations, median",
        health_history.KEY,
        Measure.MILLISECONDS,
        at_least=100.0,
        aim=20.0,
    ),
    Expectation(
        "a page of the console at 100,000 trunks, median",
        console_pages.KEY,
        Measure.MILLISECONDS,
        at_least=100.0,
        aim=30.0,
    ),
    Expectation(
        "verification on demand during a sweep, time added to the SIP exchange itself, median",
        sweep_on_demand.KEY,
        Measure.MILLISECONDS,
        at_least=50.0,
        aim=15.0,
    ),
)

LATER = (
    LaterExpectation(
        "100,000 trunks swept a minute with PostgreSQL and Redis on 2 cores, flips stored",
        at_least="yes",
        aim="1,000,000 trunks over 1,000 destinations",
    ),
    LaterExpectation(
        "CPU a trunk from 1,000 to 1,000,000 trunks",
        at_least="flat within 1.5 ×",
        aim="falling with shared destinations",
    ),
)


def expectation_of(row: str) -> Expectation | None:
    return next((expectation for expectation in EXPECTATIONS if expectation.row == row), None)
