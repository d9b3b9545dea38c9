"""What the console answers where something was refused, is not there, or broke."""

from http import HTTPStatus

from starlette.responses import Response

from api.console.page import page
from api.console.visit import HOME
from api.language.catalogs import marked, translated
from api.language.made_texts import said
from api.problems import Problem

_HEADLINES = {
    HTTPStatus.BAD_REQUEST: marked("That could not be read"),
    HTTPStatus.UNAUTHORIZED: marked("Sign in first"),
    HTTPStatus.FORBIDDEN: marked("That was not done"),
    HTTPStatus.NOT_FOUND: marked("There is nothing here"),
    HTTPStatus.METHOD_NOT_ALLOWED: marked("There is nothing here"),
    HTTPStatus.CONFLICT: marked("That was not done"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: marked("That is too much"),
    HTTPStatus.UNPROCESSABLE_ENTITY: marked("That was not done"),
    HTTPStatus.TOO_MANY_REQUESTS: marked("Too many requests"),
    HTTPStatus.SERVICE_UNAVAILABLE: marked("Not at this moment"),
}


def covers(path: str) -> bool:
    """Whether a path is the console's."""
    return path == HOME or path.startswith(f"{HOME}/")


def answer(problem: Problem) -> Response:
    """Say a problem as a page, or lead to where it can be mended."""
    if problem.status == HTTPStatus.SEE_OTHER:
        return Response(status_code=problem.status, headers={"Cache-Control": "no-store", **problem.headers})
    headline = _HEADLINES.get(HTTPStatus(problem.status), marked("Something went wrong on our side"))
    return page(
        "fault.html",
        None,
        status=problem.status,
        headers=problem.headers,
        headline=translated(headline),
        message=said(problem.message),
    )
