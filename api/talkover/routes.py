"""talkover, the native dialect (docs/design/dialects.md)."""

from api.dialects import TALKOVER
from api.talkover.calls import call_routes, inbound_routes
from api.talkover.people import incident_routes, maintenance_routes, webhook_routes
from api.talkover.trunks import number_routes, preset_routes, trunk_routes
from api.talkover.verifications import evidence_routes, share_routes, verification_routes

router = TALKOVER.router()
# The verifications first: their /verify would be read as a trunk's id.
_PARTS = (
    verification_routes,
    evidence_routes,
    share_routes,
    trunk_routes,
    number_routes,
    inbound_routes,
    call_routes,
    webhook_routes,
    incident_routes,
    maintenance_routes,
    preset_routes,
)
for part in _PARTS:
    router.include_router(part.router)
