"""All methods that an address takes (RFC 9110 §15.5.6): the framework tells those of one route of several."""

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts


def allowed_methods(app: FastAPI, path: str) -> str:
    """Write the value of Allow for this path, of the routes that the OpenAPI document shows."""
    # Not the document itself: to make it takes seconds, for which all others would wait.
    routes = [each for each in iter_route_contexts(app.routes) if isinstance(each.original_route, APIRoute)]
    shown = [route for route in routes if route.include_in_schema]
    # An address of its own name is not one of the things that its siblings are.
    there = [route for route in shown if route.path_format == path] or [
        route for route in shown if route.path_regex.match(path)
    ]
    allowed = {method for route in there for method in route.methods or ()}
    return ", ".join(sorted(allowed | {"HEAD"} if "GET" in allowed else allowed))
