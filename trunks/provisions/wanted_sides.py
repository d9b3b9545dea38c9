"""What a trunk's sides are to be, read before a change and after it: what touches neither is no work."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.provisions.drawing import draw
from trunks.repositories.provisions import Provisions
from trunks.secrets.secret_box import SecretBox
from trunks.voice.blueprint import Leading
from trunks.voice.provisioner import ProvisioningFailed
from trunks.voice.sides import DesiredTrunk


@dataclass(frozen=True, slots=True)
class WantedSides:
    """Reads inside a transaction of its caller, which keeps other writers off the trunk."""

    secrets: SecretBox
    leading: Leading

    def of(self, session: Session, trunk_id: UUID) -> DesiredTrunk | str | None:
        """Give what the sides are to be, or why they cannot be; None where nothing is, or was asked for yet."""
        provision = Provisions(session).of(trunk_id)
        if provision is None:
            return None
        (parts,) = Provisions(session).parts([provision])
        blueprint = draw(parts, self.leading)
        if blueprint is None:
            return None
        try:
            # An edit writes sides of a former version as a new trunk's.
            return replace(blueprint, keeps_former=False, plain_list=False).desired(self.secrets)
        except ProvisioningFailed as failure:
            return str(failure)
