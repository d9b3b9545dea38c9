"""The timers of transactions (RFC 3261 §17 and Table 4, RFC 6026 §8)."""

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

    @property
    def b_seconds(self) -> float:
        """Timer B: an INVITE that nobody answers ends as any other request does."""
        return self.f_seconds

    @property
    def d_seconds(self) -> float:
        """Timer D: how long copies of a refused INVITE's answer are taken in; at least 32 s over UDP."""
        return max(32.0, self.f_seconds)

    @property
    def m_seconds(self) -> float:
        """Timer M: how long further 2xx, of a copy or of another branch of a fork, are taken in (RFC 6026 §8.4)."""
        return self.f_seconds


RFC_3261 = Timers()
