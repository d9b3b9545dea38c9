"""The operator's pages: the whole service at a glance, and incidents over all tenants."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.console.page import page
from api.console.visit import Operating
from api.context import Context
from api.language.catalogs import marked, translated
from api.talkover.parameters import IncidentId
from trunks.ids import read_id
from trunks.installation.statistics import StatisticsSeen, TableSeen
from trunks.models.environment import Environment
from trunks.people.maintenance import MaintenanceShown
from trunks.provisions.status import ProvisionStatistics

_INCIDENTS = "/console/operator/incidents"
_ROWS = 50
_LARGEST_TABLES = 15
# As they are stored.
_STATES = (marked("absent"), marked("provisioned"), marked("failed"))

router = APIRouter(prefix="/operator")


@dataclass(frozen=True, slots=True)
class ServiceNow:
    """`provisions` is None where nothing is provisioned; `paused` says that an operator holds it back."""

    seen: StatisticsSeen
    open_incidents: int
    environments: list[Environment]
    maintenance: list[MaintenanceShown]
    provisions: ProvisionStatistics | None
    paused: bool
    tables: list[TableSeen]

    @property
    def trunks(self) -> int:
        return sum(each.count for each in self.seen.trunks)

    @property
    def trunks_by_health(self) -> list[tuple[str, int]]:
        return _summed((each.health_status.value, each.count) for each in self.seen.trunks)

    @property
    def carriers(self) -> list[tuple[str, int]]:
        """Destinations by what they answered last."""
        return _summed(
            (translated("answer") if each.alive else each.reason or translated("not asked yet"), each.count)
            for each in self.seen.destinations
        )


@router.get("")
async def show_service(visit: Operating) -> Response:
    """Show how the service is doing."""
    return page("operator.html", visit, service=await _gather(visit.context))


@router.get("/incidents")
async def list_incidents(request: Request, visit: Operating) -> Response:
    """List those of all tenants, newest first."""
    query = request.query_params
    only_open = query.get("show") == "open"
    service = visit.context.installation.people.operator_incidents
    found = await visit.context.threads.run(
        service.newest, limit=_ROWS + 1, only_open=only_open, before=read_id(query.get("before", ""))
    )
    shown = found[:_ROWS]
    kept = "show=open&" if only_open else ""
    more = f"{_INCIDENTS}?{kept}before={shown[-1].incident.id}" if len(found) > _ROWS else None
    return page("operator_incidents.html", visit, incidents=shown, only_open=only_open, more=more)


@router.get("/incidents/{incident_id}")
async def show_incident(incident_id: IncidentId, visit: Operating) -> Response:
    """Show one: what was observed, what changed, and whose trunks fell. Raises IncidentNotFound."""
    service = visit.context.installation.people.operator_incidents
    found = await visit.context.threads.run(service.get, incident_id)
    return page("operator_incident.html", visit, view=found)


async def _gather(context: Context) -> ServiceNow:
    installation, run = context.installation, context.threads.run
    statistics, provisions = installation.statistics, installation.provisions
    seen, open_incidents, environments, maintenance = await asyncio.gather(
        run(statistics.see, statistics.settled_until()),
        run(installation.people.operator_incidents.count_open),
        run(installation.tenancy.tenants.environments),
        run(installation.people.maintenance.standing),
    )
    await context.table_metrics.refresh()
    tables = sorted(context.table_metrics.seen, key=lambda each: -each.rows)[:_LARGEST_TABLES]
    off = provisions.overview.off
    return ServiceNow(
        seen=seen,
        open_incidents=open_incidents,
        environments=list(environments),
        maintenance=list(maintenance),
        provisions=None if off else await run(provisions.overview.statistics),
        paused=False if off else await run(provisions.reconciliation.paused),
        tables=tables,
    )


def _summed(counted: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Add up by name, the most first."""
    sums: dict[str, int] = {}
    for name, count in counted:
        sums[name] = sums.get(name, 0) + count
    return sorted(sums.items(), key=lambda each: (-each[1], each[0]))
