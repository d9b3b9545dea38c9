"""Whether messages about a trunk are held (ours; docs/design/people.md, "Maintenance")."""

from fastapi import APIRouter

from api.call import Calling
from api.dialects import TALKOVER
from api.parameters import TrunkId
from api.talkover.people.maintenance_answers import MaintenanceFound, MaintenanceShown

router = APIRouter()


@router.get("/sip-trunks/{trunk_id}/maintenance", responses=TALKOVER.fault_answers(404))
async def show_maintenance(trunk_id: TrunkId, call: Calling) -> MaintenanceFound:
    """Show since when and until when messages about a trunk are held; its state is shown as it is meanwhile (ours)."""
    held = await call.ask(call.context.installation.people.maintenance.of, trunk_id)
    shown = None if held is None else MaintenanceShown(since=held.since, until=held.until)
    return MaintenanceFound(data=shown)
