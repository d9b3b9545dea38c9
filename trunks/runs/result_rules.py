"""What of an installation's settings a result is judged by."""

from dataclasses import dataclass

from trunks.rules.intervals import HealthIntervals
from trunks.rules.trunk_state import Policy


@dataclass(frozen=True, slots=True)
class ResultRules:
    policy: Policy
    health_pace: HealthIntervals
    proof_interval_seconds: float
