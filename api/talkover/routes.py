"""talkover, the native dialect (docs/design/dialects.md)."""

from api.dialects import TALKOVER
from api.talkover import (
    call_routes,
    inbound_routes,
    number_routes,
    trunk_routes,
    verification_routes,
    webhook_routes,
)

router = TALKOVER.router()
# The verifications first: their /verify would be read as a trunk's id.
for part in (verification_routes, trunk_routes, number_routes, call_routes, inbound_routes, webhook_routes):
    router.include_router(part.router)
