"""All methods that an address takes (RFC 9110 §15.5.6): the framework tells those of one route of several."""

from typing import Any

from fastapi import FastAPI
from starlette.routing import compile_path


def allowed_methods(app: FastAPI, path: str) -> str:
    """Write the value of Allow for this path, of what the OpenAPI document has there."""
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    # An address of its own name is not one of the things that its siblings are.
    there = (
        [paths[path]]
        if path in paths
        else [operations for template, operations in paths.items() if compile_path(template)[0].match(path)]
    )
    allowed = {method.upper() for operations in there for method in operations}
    return ", ".join(sorted(allowed | {"HEAD"} if "GET" in allowed else allowed))
