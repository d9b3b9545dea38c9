"""The pace of requests to one address: a token bucket whose tokens are booked ahead.

Source: docs/design/architecture.md, "Good manners".
"""

from collections.abc import Iterable, Sequence

from sipcheck.transaction.timers import RFC_3261, Timers

REQUESTS_PER_SECOND = 4.0
BURST_REQUESTS = 8

_STEP_SECONDS = 1 / REQUESTS_PER_SECOND
# Moments are sums of floats: a hair's breadth must not cost a step.
_TOLERANCE = 1e-6


def transmissions(window_seconds: float, *, reliable: bool, timers: Timers = RFC_3261) -> tuple[float, ...]:
    """List when a request that stays unanswered is sent, in seconds from its start (RFC 3261 §17.1.2.2)."""
    sent = [0.0]
    interval = timers.t1_seconds
    while not reliable and sent[-1] + interval < window_seconds:
        sent.append(sent[-1] + interval)
        interval = min(2 * interval, timers.t2_seconds)
    return tuple(sent)


class AddressPace:
    """Books the moments at which requests go to one address, on the caller's clock in seconds.

    `sent_at` are requests that went there before. Retransmissions are booked with the request: they go out by
    themselves, and an address counts them as well.
    """

    def __init__(self, sent_at: Iterable[float] = ()) -> None:
        self._moments = sorted(sent_at)

    def book(self, now: float, offsets: Sequence[float] = (0.0,)) -> tuple[float, ...]:
        """Book a request and its retransmissions at the first moment from `now` on that the pace allows."""
        step = 0
        while True:
            moments = tuple(now + step * _STEP_SECONDS + offset for offset in offsets)
            together = sorted([*self._moments, *moments])
            if _keeps_pace(together, now):
                self._moments = together
                return moments
            step += 1

    def release(self, moments: Iterable[float]) -> None:
        """Give back moments that were booked and not used."""
        for moment in moments:
            self._moments.remove(moment)


def _keeps_pace(moments: Sequence[float], now: float) -> bool:
    """Whether the bucket holds from now on; what was sent before can no longer be helped, and is owed."""
    tokens, last = float(BURST_REQUESTS), moments[0]
    for moment in moments:
        tokens = min(BURST_REQUESTS, tokens + (moment - last) * REQUESTS_PER_SECOND) - 1
        if tokens < -_TOLERANCE and moment >= now:
            return False
        last = moment
    return True
