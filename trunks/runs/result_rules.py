"""What of an installation's settings a result is judged by."""

from dataclasses import dataclass

from trunks.rules.intervals import HealthIntervals
from trunks.rules.trunk_state import Policy
from trunks.voice.provisioner import ProvisionerName


@dataclass(frozen=True, slots=True)
class WayRules:
    """`tls_names` is whether the infrastructure checks the names of certificates."""

    provisioner: ProvisionerName
    tls_names: bool


@dataclass(frozen=True, slots=True)
class ResultRules:
    """`ways` is None where nothing is provisioned."""

    policy: Policy
    health_pace: HealthIntervals
    proof_interval_seconds: float
    ways: WayRules | None = None
