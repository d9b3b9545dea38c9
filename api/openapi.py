"""The OpenAPI document, without what the framework adds and no dialect ever answers."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """Make the document once; a malformed id in a path is 404 here, never the framework's 422."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        for operations in document["paths"].values():
            for operation in operations.values():
                _drop_foreign_422(operation["responses"])
        for name in _FRAMEWORKS_OWN:
            document["components"]["schemas"].pop(name, None)
        app.openapi_schema = document
    return app.openapi_schema


def _drop_foreign_422(responses: dict[str, Any]) -> None:
    if _FRAMEWORKS_OWN[0] in str(responses.get("422", "")):
        del responses["422"]
