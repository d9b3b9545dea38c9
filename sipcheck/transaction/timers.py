"""The timers of a non-INVITE client transaction (RFC 3261 §17.1.2.2 and Table 4)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timers:
    """T1, T2 and T4 in seconds."""

    t1_seconds: float = 0.5
    t2_seconds: float = 4.0
    t4_seconds: float = 5.0

    @property
    def f_seconds(self) -> float:
        """Timer F: the transaction ends 64 × T1 after its first request."""
        return 64 * self.t1_seconds


RFC_3261 = Timers()
