"""The OpenAPI document: what each dialect answers everywhere is said here once, and not at each route."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.routing import BaseRoute

from api.dialect import Dialect
from api.dialects import spoken_at
from api.document.examples import fitting
from api.language.languages import PARAMETER
from api.middleware.idempotency import IDEMPOTENCY_KEY, KEY_PATTERN, REPLAYED, key_in_use, key_reused
from api.middleware.rate_limits import rate_limited
from api.middleware.request_ids import REQUEST_ID
from api.middleware.token_scopes import only_reads
from api.problems import (
    Problem,
    internal_error,
    invalid_json,
    of_status,
    operators_token,
    read_only_token,
    store_unavailable,
    unauthenticated,
    unsupported_media_type,
)
from api.refusals import headers_too_large, too_slow
from trunks.tenancy.idempotent_requests import IdempotencyKeyInUse, IdempotencyKeyReused

_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")
_METHODS = ("get", "put", "post", "delete", "patch")

_EVERYWHERE = (
    unauthenticated(),
    operators_token(),
    too_slow(),
    rate_limited(1000, 42),
    headers_too_large(),
    internal_error(),
    store_unavailable(),
)
_WITH_BODY = (invalid_json(), of_status(413), unsupported_media_type())
_WITH_KEY = (key_in_use(IdempotencyKeyInUse(1.0)), key_reused(IdempotencyKeyReused()))
_INVALID = RequestValidationError(
    [
        {
            "type": "less_than_equal",
            "loc": ("body", "port"),
            "msg": "Input should be less than or equal to 65535",
            "input": 65536,
            "ctx": {"le": 65535},
        }
    ]
)

_DESCRIPTIONS = {
    400: "The body is no JSON, or bolna finds something in it that is wrong.",
    401: "No token, or a wrong one.",
    403: "Your plan does not allow it, or your token's scope.",
    404: "There is no such thing in your environment.",
    408: "The request did not arrive in time (ours).",
    409: "It cannot be done as things stand.",
    413: "The body is over 1 MiB.",
    415: "The body is not declared as JSON.",
    422: "Something that was given is wrong; each wrong field is named (ours).",
    429: "Too many requests in this minute.",
    431: "The address and the headers are larger than 32 KiB, or more than 100 lines (ours).",
    500: "Something went wrong on our side.",
    503: "The store, or what the call needs, does not answer at this moment (ours).",
}


def _header(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": schema}


_HEADERS = {
    REQUEST_ID: _header(
        "The id of this request: yours, if you sent one of up to 64 letters, digits and ._- (ours).",
        type="string",
    ),
    "X-RateLimit-Limit": _header("Requests a minute for this token.", type="integer"),
    "X-RateLimit-Remaining": _header("Requests that are left of this minute.", type="integer"),
    "X-RateLimit-Reset": _header("When the minute is over, in seconds since 1970 (ours).", type="integer"),
    "Retry-After": _header("Try again after so many seconds.", type="integer"),
    "Content-Language": _header("The language of what it says to people (ours).", type="string"),
    REPLAYED: _header(
        "`true` when this is the answer to an earlier request with this Idempotency-Key (ours).",
        type="string",
        enum=["true"],
    ),
}
_KEY_PARAMETER = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": False,
    "description": "The same request with the same key is done once in 24 hours, and is answered the same (ours).",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": KEY_PATTERN},
}
_LANGUAGE_PARAMETER = {
    "name": PARAMETER,
    "in": "query",
    "required": False,
    "description": (
        "The language of verdicts and warnings, `en` or `pt-BR`, before the header Accept-Language; another one is "
        "passed over (ours)."
    ),
    "schema": {"type": "string", "example": "pt-BR"},
}
_RETRIED = ("409", "429", "503")
_BEFORE_THE_CALLER_IS_KNOWN = ("401", "408", "431")


def describe(title: str, version: str, description: str, routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """Make the document; a malformed id in a path is 404 here, never the framework's 422."""
    document = get_openapi(title=title, version=version, description=description, routes=routes)
    schemas = document["components"]["schemas"]
    document["components"]["headers"] = _HEADERS
    for path, method, operation in _operations(document):
        if _FRAMEWORKS_OWN[0] in str(operation["responses"].get("422", "")):
            del operation["responses"]["422"]
        dialect = spoken_at(path)
        if dialect is not None:
            reads = only_reads(method.upper(), path)
            _describe_operation(operation, method, dialect, schemas, only_reads=reads)
    for name in _FRAMEWORKS_OWN:
        schemas.pop(name, None)
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in _METHODS:
                yield path, method, operation


def _describe_operation(
    operation: dict[str, Any], method: str, dialect: Dialect, schemas: dict[str, Any], *, only_reads: bool
) -> None:
    for status, response in operation["responses"].items():
        if int(status) >= HTTPStatus.BAD_REQUEST:
            # The framework gives a fault the type of the file in whose place it is answered.
            response["content"] = {"application/json": next(iter(response["content"].values()))}
    operation.setdefault("parameters", []).append(_LANGUAGE_PARAMETER)
    problems = list(_EVERYWHERE)
    if not only_reads:
        problems.append(read_only_token())
    if "requestBody" in operation:
        problems += [*_WITH_BODY, dialect.faults.invalid(_INVALID)]
    if method == "post":
        operation.setdefault("parameters", []).append(_KEY_PARAMETER)
        # A POST may come with a body that it does not need.
        problems += [of_status(413), unsupported_media_type(), *_WITH_KEY]
    for problem in problems:
        _describe_problem(operation["responses"], problem, dialect, schemas)
    operation["responses"] = dict(sorted(operation["responses"].items()))
    for status, response in operation["responses"].items():
        response["headers"] = {**_headers(status, method), **response.get("headers", {})}
        # What is no JSON is a file, and shown by no example.
        content = response["content"].get("application/json")
        if int(status) < HTTPStatus.BAD_REQUEST and content is not None:
            content["examples"] = fitting(dialect.examples, int(status), content["schema"])
        if int(status) in _DESCRIPTIONS:
            response["description"] = _DESCRIPTIONS[int(status)]


def _describe_problem(
    responses: dict[str, Any], problem: Problem, dialect: Dialect, schemas: dict[str, Any]
) -> None:
    response = responses.setdefault(str(int(problem.status)), {"description": ""})
    content = response.setdefault("content", {}).setdefault("application/json", {})
    content["schema"] = _reference(dialect, dialect.faults.fault_model(problem.status), schemas)
    examples = content.setdefault("examples", {})
    examples.setdefault(problem.code, {"value": dialect.faults.shape(problem)})


def _reference(dialect: Dialect, model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, str]:
    # Each dialect has a Fault of its own.
    name = f"{dialect.name}-{model.__name__}"
    if name not in schemas:
        schemas[name] = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"$ref": f"#/components/schemas/{name}"}


def _headers(status: str, method: str) -> dict[str, Any]:
    names = [REQUEST_ID]
    if status not in _BEFORE_THE_CALLER_IS_KNOWN:
        names += ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
    if status in _RETRIED:
        names.append("Retry-After")
    if method == "post" and int(status) < 500:
        names.append(REPLAYED)
    if int(status) < HTTPStatus.BAD_REQUEST:
        names.append("Content-Language")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
