"""What was measured of a voice infrastructure, and whose turn it is to measure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from trunks.models.infrastructure_check import InfrastructureCheck
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository
from trunks.rules.infrastructure_facts import Answer, Fact, InfrastructureFacts
from trunks.voice.provisioner import ProvisionerName


class InfrastructureChecks(Repository):
    def facts(self, provisioner: ProvisionerName) -> InfrastructureFacts:
        """Give what is known; nothing, where nothing was measured."""
        found = self._session.scalar(
            select(InfrastructureCheck.facts).where(InfrastructureCheck.provisioner == provisioner)
        )
        return InfrastructureFacts() if not found else _read(found)

    def is_due(self, provisioner: ProvisionerName, now: datetime) -> bool:
        """Whether it is to be measured, and nobody is at it."""
        later = self._exists(
            InfrastructureCheck.provisioner == provisioner,
            or_(InfrastructureCheck.due_at > now, InfrastructureCheck.lease_until > now),
        )
        return not later

    def claim(self, provisioner: ProvisionerName, claim_id: UUID, now: datetime, until: datetime) -> bool:
        """Take the turn; false while another has it."""
        first = {"provisioner": provisioner, "facts": {}}
        insert_or_ignore(self._session, InfrastructureCheck, first, unique=["provisioner"])
        return self._change(
            InfrastructureCheck,
            InfrastructureCheck.provisioner == provisioner,
            InfrastructureCheck.is_free(now),
            claim_id=claim_id,
            lease_until=until,
        )

    def end(
        self, claim_id: UUID, *, due_at: datetime | None = None, facts: InfrastructureFacts | None = None
    ) -> bool:
        """Give the turn back, with what it brought; false where its lease was over and another has it."""
        values: dict[str, Any] = {"claim_id": None, "lease_until": None}
        if due_at is not None:
            values["due_at"] = due_at
        if facts is not None:
            values["facts"] = _write(facts)
        return self._change(InfrastructureCheck, InfrastructureCheck.claim_id == claim_id, **values)


def _write(facts: InfrastructureFacts) -> dict[str, Any]:
    named = {"reaches": facts.reaches, "route": facts.route, "route_measured": facts.route_measured}
    return {
        "addresses": {each: at.isoformat() for each, at in facts.addresses.items()},
        **{
            name: {"answer": fact.answer.value, "at": fact.at.isoformat()}
            for name, fact in named.items()
            if fact is not None
        },
    }


def _read(values: Mapping[str, Any]) -> InfrastructureFacts:
    return InfrastructureFacts(
        reaches=_read_fact(values.get("reaches")),
        route=_read_fact(values.get("route")),
        route_measured=_read_fact(values.get("route_measured")),
        addresses={each: datetime.fromisoformat(at) for each, at in values["addresses"].items()},
    )


def _read_fact(value: Mapping[str, str] | None) -> Fact | None:
    return None if value is None else Fact(Answer(value["answer"]), datetime.fromisoformat(value["at"]))
