"""What of an installation's settings a result is judged by."""

from dataclasses import dataclass, replace

from trunks.rules.intervals import HealthIntervals
from trunks.rules.trunk_state import Policy
from trunks.rules.way_evidence import WayEvidence
from trunks.voice.provisioner import ProvisionerName


@dataclass(frozen=True, slots=True)
class WayRules:
    """`tls_names` is whether the infrastructure checks the names of certificates, `pin_edges` whether it is to be asked
    for no name of a customer's.
    """

    provisioner: ProvisionerName
    tls_names: bool
    pin_edges: bool = False

    def judge(self, known: WayEvidence) -> WayEvidence:
        """Say of what is known how it is judged here."""
        return replace(known, tls_names=self.tls_names, pin_edges=self.pin_edges)


@dataclass(frozen=True, slots=True)
class ResultRules:
    """`ways` is None where nothing is provisioned."""

    policy: Policy
    health_pace: HealthIntervals
    proof_interval_seconds: float
    ways: WayRules | None = None
