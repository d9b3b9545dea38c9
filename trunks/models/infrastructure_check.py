"""What was measured of a voice infrastructure by calls that it made for us."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base, named
from trunks.models.lease import Leased
from trunks.voice.provisioner import ProvisionerName


class InfrastructureCheck(Leased, Base):
    """`facts` is the value of trunks.rules.infrastructure_facts.InfrastructureFacts; from `due_at` on it is to be
    renewed. The lease is of whoever measures now.
    """

    __tablename__ = "infrastructure_checks"

    provisioner: Mapped[ProvisionerName] = mapped_column(named(ProvisionerName), unique=True)
    facts: Mapped[dict[str, Any]]
    due_at: Mapped[datetime | None]
