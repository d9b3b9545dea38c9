"""talkover's examples of incidents, maintenance and webhooks."""

from api.document.examples import (
    CREATED_AT,
    ENDPOINT_ID,
    EVENT_ID,
    RUN_ID,
    TRUNK_DOMAIN,
    TRUNK_ID,
    UPDATED_AT,
    Example,
)
from api.talkover.people.incident_answers import (
    ConcernedShown,
    ElsewhereShown,
    IncidentFound,
    IncidentPage,
    IncidentShown,
    MomentShown,
)
from api.talkover.people.maintenance_answers import MaintenanceFound, MaintenanceShown
from api.talkover.people.webhook_answers import (
    DeliveryList,
    DeliveryQueued,
    DeliveryShown,
    EndpointFound,
    EndpointList,
    EndpointMade,
    EndpointRemoved,
    EndpointShown,
    EndpointWithSecret,
    MessageQueued,
    TestQueued,
)
from trunks.rules.delivery import DeliveryStatus
from trunks.rules.events import USUAL_EVENTS, EventType

_ENDPOINT = EndpointShown(
    id=ENDPOINT_ID,
    url="https://example.com/hooks/trunks",
    events=list(USUAL_EVENTS),
    description=None,
    enabled=True,
    disabled_reason=None,
    failing_since=None,
    created_at=CREATED_AT,
    updated_at=CREATED_AT,
)
_INCIDENT = IncidentShown(
    id=RUN_ID,
    opened_at=UPDATED_AT,
    closed_at=None,
    reason="no-response",
    cause=f"{TRUNK_DOMAIN} has not answered our checks since 2026-03-31 10:00:00 UTC (no-response).",
    changed=[],
    concerned=ConcernedShown(trunks=2, of=2),
    elsewhere=ElsewhereShown(about=40, of_about=40),
    timeline=[
        MomentShown(at=CREATED_AT, event="first-failure", trunk_id=None),
        MomentShown(at=UPDATED_AT, event="fell", trunk_id=TRUNK_ID),
    ],
)

PEOPLE_EXAMPLES = (
    Example(
        "maintenance",
        MaintenanceFound(success=True, data=MaintenanceShown(since=CREATED_AT, until=UPDATED_AT)),
    ),
    Example("incident", IncidentFound(success=True, data=_INCIDENT)),
    Example("incidents", IncidentPage(success=True, data=[_INCIDENT], next_cursor=None)),
    Example(
        "endpoint-made",
        EndpointMade(
            success=True,
            data=EndpointWithSecret(
                **dict(_ENDPOINT),
                secret="whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDdLO8dMCvY2Q=",  # noqa: S106 - an example
            ),
        ),
    ),
    Example("endpoint", EndpointFound(success=True, data=_ENDPOINT)),
    Example("endpoints", EndpointList(success=True, data=[_ENDPOINT], next_cursor=None)),
    Example("endpoint-removed", EndpointRemoved(success=True, message="Webhook endpoint deleted")),
    Example("test-queued", TestQueued(success=True, data=MessageQueued(id=EVENT_ID))),
    Example(
        "deliveries",
        DeliveryList(
            success=True,
            data=[
                DeliveryShown(
                    id=RUN_ID,
                    message_id=EVENT_ID,
                    type=EventType.DOWN,
                    trunk_id=TRUNK_ID,
                    status=DeliveryStatus.DELIVERED,
                    tries=1,
                    queued_at=UPDATED_AT,
                    tried_at=UPDATED_AT,
                    next_try_at=None,
                    last_status=204,
                    last_error=None,
                    held_since=None,
                    held_until=None,
                )
            ],
            next_cursor=None,
        ),
    ),
    Example("sent-again", DeliveryQueued(success=True, message="The message is sent again")),
)
