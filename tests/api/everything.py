"""Everything that a client can ask of one trunk, in the three dialects."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from tests.trunks.forms import Store, make_report
from trunks.catalog.new_trunk import NewNumber

TALKOVER, BOLNA = "/api/v1/sip-trunks", "/sip-trunks/trunks"
AUTOCALLS = "/api/user/phone-numbers/sip-trunks"
DID = {"number": "+14155550002", "country_code": "US"}


@dataclass(frozen=True)
class Target:
    """The trunk that is deleted, and what belongs to it."""

    id: UUID
    serial: int
    number_id: str
    verification_id: str


Request = Callable[[httpx.AsyncClient, Target], Awaitable[httpx.Response]]


def talkover(method: str, path: str = "", body: dict[str, Any] | None = None) -> Request:
    return lambda client, at: client.request(
        method,
        f"{TALKOVER}/{at.id}{path.format(number=at.number_id, run=at.verification_id)}",
        json=body,
    )


def bolna(method: str, path: str = "", body: dict[str, Any] | None = None) -> Request:
    return lambda client, at: client.request(
        method, f"{BOLNA}/{at.id}{path.format(number=at.number_id)}", json=body
    )


def autocalls(method: str, body: dict[str, Any] | None = None) -> Request:
    return lambda client, at: client.request(method, f"{AUTOCALLS}/{at.serial}", json=body)


def listed(url: str) -> Request:
    return lambda client, _: client.get(url)


REQUESTS: dict[str, Request] = {
    "get": talkover("GET"),
    "get, bolna": bolna("GET"),
    "get, autocalls": autocalls("GET"),
    "list": listed(f"{TALKOVER}?limit=5"),
    "list, bolna": listed(BOLNA),
    "list, autocalls": listed(AUTOCALLS),
    "dids": talkover("GET", "/dids"),
    "numbers": bolna("GET", "/numbers"),
    "runs": talkover("GET", "/verifications"),
    "run": talkover("GET", "/verifications/{run}"),
    "events": talkover("GET", "/events"),
    "health": talkover("GET", "/health"),
    "rename": talkover("PATCH", body={"name": "Other"}),
    "move": talkover("PATCH", body={"port": 5071}),
    "switch": talkover("PATCH", body={"is_active": True}),
    "replace numbers": bolna("PATCH", body={"phone_numbers": [{"phone_number": "+14155550003"}]}),
    "move, autocalls": autocalls("PUT", {"sip_address": "other.example", "phone_number": "+14155550004"}),
    "add did": talkover("POST", "/dids", DID),
    "add number": bolna("POST", "/numbers", {"phone_number": "+14155550005"}),
    "assign did": talkover("PATCH", "/dids/{number}", {"assigned_to": "an agent"}),
    "remove did": talkover("DELETE", "/dids/{number}"),
    "remove number": bolna("DELETE", "/numbers/{number}"),
    "verify": talkover("POST", "/verify"),
    "verify, bolna": bolna("POST", "/verify"),
    "verify later": talkover("POST", "/verify?async=true"),
    "delete": talkover("DELETE"),
    "delete, bolna": bolna("DELETE"),
}


def make_target(store: Store) -> Target:
    """Enter a trunk with a number, verified once."""
    services = store.installation
    trunk = store.make_trunk(wanted=True)
    number = services.catalog.numbers.add(store.caller, trunk.id, NewNumber(number="+14155550001"))
    verification_id = services.runs.requests.request(store.caller, trunk.id)
    do_run(store, verification_id)
    view = services.catalog.views.get(store.caller, trunk.id)
    return Target(view.id, view.serial, str(number.id), str(verification_id))


def do_run(store: Store, verification_id: UUID) -> None:
    """Do a run as a worker does, unless it is gone."""
    claim = store.claim(verification_id)
    if claim is not None:
        store.finish(claim, make_report())
