"""How the one deadline of a verification is shared out (docs/design/sip.md, "The time plan of one verification")."""

from dataclasses import dataclass

from sipcheck.errors import SettingInvalid

_REFERENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class TimePlan:
    """Shares of one deadline in seconds; with another deadline they keep their proportion.

    Raises SettingInvalid for a timeout that is not a positive number of seconds.
    """

    timeout_seconds: float = _REFERENCE_SECONDS

    def __post_init__(self) -> None:
        if not 0 < self.timeout_seconds < float("inf"):
            raise SettingInvalid(f"timeout {self.timeout_seconds!r} is not a positive number of seconds")

    def _share(self, seconds: float) -> float:
        return seconds * self.timeout_seconds / _REFERENCE_SECONDS

    @property
    def dns_seconds(self) -> float:
        return self._share(3.0)

    @property
    def connect_seconds(self) -> float:
        """For the connection and, over TLS, its handshake."""
        return self._share(4.0)

    @property
    def patience_seconds(self) -> float:
        """Silence to OPTIONS after which REGISTER is tried all the same, one edge after the other."""
        return self._share(2.0)

    @property
    def precedence_seconds(self) -> float:
        """How long an earlier edge may still overtake a later one that has answered already."""
        return self._share(0.5)

    @property
    def register_seconds(self) -> float:
        """Silence to REGISTER on a living edge after which the next way to a proof is tried."""
        return self._share(4.0)

    @property
    def settle_seconds(self) -> float:
        """What silent edges get once the verdict is settled, and what a better answer gets after a bad one."""
        return self._share(2.0)

    @property
    def fair_chance_seconds(self) -> float:
        """An exchange cut by the deadline after less than this was never given a chance to be answered."""
        return self._share(1.0)

    @property
    def last_chance_seconds(self) -> float:
        """With less than this left, credentials are not sent any more: the answer could not be heard."""
        return self._share(0.5)


REFERENCE_PLAN = TimePlan()
