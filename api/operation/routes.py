"""What stands beside the dialects, for whoever operates this: health and metrics."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.responses import JSONResponse, PlainTextResponse, Response

from api.context import context_of

router = APIRouter(tags=["operation"])


class Alive(BaseModel):
    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Each part is the store, the broker or a worker."""

    status: Literal["ok", "failing"]
    parts: dict[str, Literal["ok", "failing"]]


@router.get("/healthz")
async def healthz() -> Alive:
    """Tell that this process answers."""
    return Alive()


@router.get(
    "/readyz", response_model=Ready, responses={503: {"model": Ready, "description": "A part fails."}}
)
async def readyz(request: Request) -> Response:
    """Tell whether the store, the broker and a worker answer."""
    parts = await context_of(request).readiness.parts()
    ready = all(parts.values())
    return JSONResponse(
        {
            "status": "ok" if ready else "failing",
            "parts": {part: "ok" if holds else "failing" for part, holds in parts.items()},
        },
        status_code=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
    )


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Give the metrics in Prometheus' text format."""
    context = context_of(request)
    await context.store_metrics.refresh()
    await context.table_metrics.refresh()
    await context.readiness.parts()
    return Response(generate_latest(context.registry), media_type=CONTENT_TYPE_LATEST)
