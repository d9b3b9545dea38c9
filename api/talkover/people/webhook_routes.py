"""Webhook endpoints (ours; docs/webhooks.md)."""

from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import APIRouter, Response

from api.call import Call, Calling
from api.dialects import TALKOVER
from api.parameters import MakesId
from api.talkover.faults import wrong_field
from api.talkover.parameters import DEFAULT_PAGE, Cursor, DeliveryId, EndpointId, Limit, page_of
from api.talkover.people.webhook_answers import (
    DeliveryList,
    DeliveryQueued,
    EndpointFound,
    EndpointList,
    EndpointMade,
    EndpointRemoved,
    MessageQueued,
    TestQueued,
    show_delivery,
    show_endpoint,
    show_made,
)
from api.talkover.people.webhook_bodies import CreateEndpoint, UpdateEndpoint

_answers = TALKOVER.fault_answers

router = APIRouter(prefix="/webhook-endpoints")


@router.post("", status_code=HTTPStatus.CREATED, responses=_answers(400, 409, 413, 415, 422))
async def create_webhook_endpoint(
    body: CreateEndpoint, call: Calling, makes_id: MakesId, response: Response
) -> EndpointMade:
    """Make an endpoint that events of your trunks are posted to; its secret is shown this once (ours)."""
    _require_allowed(call, body.url)
    made = await call.ask(
        call.context.installation.people.endpoints.create,
        url=body.url,
        events=body.events,  # type: ignore[arg-type]  # made to events by their validator
        description=body.description,
        enabled=body.enabled,
        endpoint_id=makes_id,
    )
    response.headers["Cache-Control"] = "no-store"
    return show_made(made)


@router.get("", responses=_answers(422))
async def list_webhook_endpoints(
    call: Calling, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> EndpointList:
    """List your endpoints, newest first (ours)."""
    service = call.context.installation.people.endpoints.page
    page, next_cursor = await page_of(call, service, limit=limit, cursor=cursor)
    return EndpointList(data=[show_endpoint(each) for each in page], next_cursor=next_cursor)


@router.get("/{endpoint_id}", responses=_answers(404))
async def get_webhook_endpoint(endpoint_id: EndpointId, call: Calling) -> EndpointFound:
    """Show an endpoint, without its secret (ours)."""
    found = await call.ask(call.context.installation.people.endpoints.get, endpoint_id)
    return EndpointFound(data=show_endpoint(found))


@router.patch("/{endpoint_id}", responses=_answers(400, 404, 413, 415, 422))
async def update_webhook_endpoint(
    endpoint_id: EndpointId, body: UpdateEndpoint, call: Calling
) -> EndpointFound:
    """Change some fields of an endpoint; what is left out stays (ours)."""
    changes = body.changes()
    if "url" in changes:
        _require_allowed(call, body.url)
    changed = await call.ask(call.context.installation.people.endpoints.change, endpoint_id, changes)
    return EndpointFound(data=show_endpoint(changed))


@router.delete("/{endpoint_id}", responses=_answers(404))
async def delete_webhook_endpoint(endpoint_id: EndpointId, call: Calling) -> EndpointRemoved:
    """Delete an endpoint with what waits for it (ours)."""
    await call.ask(call.context.installation.people.endpoints.remove, endpoint_id)
    return EndpointRemoved()


@router.post("/{endpoint_id}/rotate", responses=_answers(404))
async def rotate_webhook_secret(
    endpoint_id: EndpointId, call: Calling, makes_id: MakesId, response: Response
) -> EndpointMade:
    """Give an endpoint another secret, shown this once; the former one signs beside it for 24 hours (ours)."""
    endpoints = call.context.installation.people.endpoints
    made = await call.ask(endpoints.rotate, endpoint_id, rotation_id=makes_id)
    response.headers["Cache-Control"] = "no-store"
    return show_made(made)


@router.post("/{endpoint_id}/test", status_code=HTTPStatus.ACCEPTED, responses=_answers(404, 409))
async def test_webhook_endpoint(endpoint_id: EndpointId, call: Calling, makes_id: MakesId) -> TestQueued:
    """Send `webhook.test`, whatever events the endpoint gets; 409 while ten of them wait (ours)."""
    endpoints = call.context.installation.people.endpoints
    message_id = await call.ask(endpoints.test, endpoint_id, message_id=makes_id)
    return TestQueued(data=MessageQueued(id=message_id))


@router.get("/{endpoint_id}/deliveries", responses=_answers(404, 422))
async def list_deliveries(
    endpoint_id: EndpointId, call: Calling, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> DeliveryList:
    """List what was sent to an endpoint, or waits, newest first (ours)."""
    endpoints = call.context.installation.people.endpoints
    page, next_cursor = await page_of(call, endpoints.deliveries, endpoint_id, limit=limit, cursor=cursor)
    held = await call.context.threads.run(endpoints.held, page)
    shown = [show_delivery(each, held.get(each.id)) for each in page]
    return DeliveryList(data=shown, next_cursor=next_cursor)


@router.post(
    "/{endpoint_id}/deliveries/{delivery_id}/replay",
    status_code=HTTPStatus.ACCEPTED,
    responses=_answers(404, 409),
)
async def replay_delivery(endpoint_id: EndpointId, delivery_id: DeliveryId, call: Calling) -> DeliveryQueued:
    """Send a message again, the same under the same `webhook-id` (ours)."""
    await call.ask(call.context.installation.people.endpoints.replay, endpoint_id, delivery_id)
    return DeliveryQueued()


def _require_allowed(call: Call, url: str) -> None:
    """Refuse at once what every try would refuse; a name is judged at each try. Raises Problem."""
    parts, settings = urlsplit(url), call.settings
    if parts.scheme == "http" and not settings.allow_networks:
        raise wrong_field("url", "It must begin with https://, so that nobody between reads what is sent.")
    guard = settings.engine_settings().guard
    try:
        address = str(ip_address(parts.hostname or ""))
    except ValueError:
        address = None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    refusal = guard.judge_port(port) if address is None else guard.judge(address, port)
    if refusal is not None:
        raise wrong_field("url", f"Nothing is sent there: {refusal.detail}.")
