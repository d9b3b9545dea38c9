"""talkover, the native dialect (docs/design/dialects.md)."""

from api.dialects import TALKOVER
from api.talkover import (
    call_routes,
    evidence_routes,
    inbound_routes,
    incident_routes,
    number_routes,
    preset_routes,
    share_routes,
    trunk_routes,
    verification_routes,
    webhook_routes,
)

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
    preset_routes,
)
for part in _PARTS:
    router.include_router(part.router)
