"""talkover, the native dialect (docs/design/dialects.md)."""

from fastapi import APIRouter, Security
from fastapi.security import HTTPBearer

from api.talkover import number_routes, trunk_routes, verification_routes
from api.talkover.faults import fault_answers

PREFIX = "/api/v1"

_bearer = HTTPBearer(auto_error=False, description="A token of your environment.")
router = APIRouter(
    prefix=PREFIX,
    tags=["talkover"],
    dependencies=[Security(_bearer)],
    responses=fault_answers(401, 429, 500, 503),
)
# The verifications first: their /verify would be read as a trunk's id.
for part in (verification_routes, trunk_routes, number_routes):
    router.include_router(part.router)
