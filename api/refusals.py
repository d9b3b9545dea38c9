"""What a client is told whose request does not come as far as a route: whoever serves says so (trunkd)."""

from http import HTTPStatus

from api.problems import Problem

_MOST_SHOWN = 20


def headers_too_large() -> Problem:
    return Problem(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "HEADERS_TOO_LARGE",
        "The address and the headers of a request have at most 32 KiB and 100 lines.",
    )


def too_slow() -> Problem:
    return Problem(
        HTTPStatus.REQUEST_TIMEOUT,
        "REQUEST_TIMEOUT",
        "The request did not arrive in time: its headers have 10 s, and its body 30 s.",
    )


def no_http() -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "INVALID_REQUEST", "This is no HTTP request.")


def no_single_host() -> Problem:
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "INVALID_REQUEST",
        "A request has one Host header, which names this service; write it once.",
    )


def unknown_method(method: str) -> Problem:
    """Refuse a method that no address here takes (RFC 9110 §15.6.2)."""
    return Problem(
        HTTPStatus.NOT_IMPLEMENTED,
        "METHOD_UNKNOWN",
        f"{method[:_MOST_SHOWN]} is no method that is spoken here; the pages of /docs name each call's.",
    )


def too_many_connections() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "TOO_MANY_CONNECTIONS",
        "Too many connections are open; try again in a few seconds.",
        headers={"Retry-After": "5"},
    )
