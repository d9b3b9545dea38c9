"""How often anything is asked on schedule: floors that spare the carriers, which laboratories lower together."""

from dataclasses import dataclass

_FLOOR_SECONDS = 30.0
_HOST_SPACING_SECONDS = 15.0  # Twilio bans OPTIONS faster than one per 10-15 s (docs/design/sip.md, hazard 1)
_PROOF_FLOOR_SECONDS = 3600.0
_LONELY_PROOF_SECONDS = 6 * 3600.0
_PROVEN_AGAIN_SECONDS = 300.0
_PROOF_LOOK_SECONDS = 5.0
_JITTER_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class HealthIntervals:
    """Intervals in seconds. A floor below 30 lowers the other floors in proportion."""

    floor_seconds: float = _FLOOR_SECONDS
    interval_seconds: float = 60.0

    @property
    def _share(self) -> float:
        return self.floor_seconds / _FLOOR_SECONDS

    @property
    def host_spacing_seconds(self) -> float:
        """Between two scheduled OPTIONS to one Request-URI host."""
        return _HOST_SPACING_SECONDS * self._share

    @property
    def proof_floor_seconds(self) -> float:
        return _PROOF_FLOOR_SECONDS * self._share

    @property
    def lonely_proof_seconds(self) -> float:
        """Between two proofs of an account that alone asks at a destination."""
        return _LONELY_PROOF_SECONDS * self._share

    @property
    def proven_again_seconds(self) -> float:
        """Between two proofs of such an account, at least, however often what answers there changes."""
        return _PROVEN_AGAIN_SECONDS * self._share

    @property
    def proof_look_seconds(self) -> float:
        """Until a check looks again whether the proof has come that it waits for."""
        return _PROOF_LOOK_SECONDS * self._share

    @property
    def soon_seconds(self) -> float:
        """Until the next check after a verification failed; also how old a result GET health may give."""
        return self.floor_seconds

    def interval_of(self, asked_seconds: float | None) -> float:
        """The interval of a trunk that asks for this one; None asks for none of its own."""
        return self.interval_seconds if asked_seconds is None else max(asked_seconds, self.floor_seconds)


def jittered(seconds: float, draw: float) -> float:
    """Spread a time by a tenth to either side; `draw` is from 0 to 1."""
    return seconds * (1 + _JITTER_SHARE * (2 * draw - 1))
