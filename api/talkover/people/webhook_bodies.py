"""Webhook endpoints as clients send them (ours)."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from api.body import Body, shown_with
from api.fields import Line, OneLine, Switch
from sipcheck.errors import TargetInvalid
from sipcheck.target import parse_host_port
from trunks.rules.events import CHOOSABLE_EVENTS, EventType

_EVENTS = "Which events it gets; left out, all but verification.finished."
_NAMES = ", ".join(each.value for each in CHOOSABLE_EVENTS)


def _url(text: str) -> str:
    fault = _fault_of(text)
    if fault is not None:
        raise PydanticCustomError("url", "It {fault}", {"fault": fault})
    return text


def _fault_of(text: str) -> str | None:
    """Say what keeps messages from being sent there."""
    if not text.isascii() or any(sign.isspace() for sign in text):
        return "holds a sign that no URL has; write it percent-encoded, and the host in its ASCII form"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
        if parts.scheme not in ("https", "http") or not host:
            return "is no URL such as https://example.com/hooks"
        parse_host_port(f"[{host}]" if ":" in host else host)
    except (ValueError, TargetInvalid):
        return "names no host and port that can be reached; write https://example.com/hooks"
    if parts.username is not None or parts.password is not None:
        return "holds a user or password; messages are signed instead, so leave it out"
    return "has a fragment, which is sent nowhere; leave it out" if parts.fragment else None


def _event(name: str) -> EventType:
    if name not in CHOOSABLE_EVENTS:
        raise PydanticCustomError("event", f"It must be one of: {_NAMES}")
    return EventType(name)


Url = Annotated[str, OneLine, StringConstraints(max_length=2048), AfterValidator(_url)]
Events = Annotated[
    list[
        Annotated[
            str,
            AfterValidator(_event),
            Field(json_schema_extra={"enum": [e.value for e in CHOOSABLE_EVENTS]}),
        ]
    ],
    Field(min_length=1, max_length=50),
]


class CreateEndpoint(Body):
    """The body of Create Webhook Endpoint (ours)."""

    model_config = shown_with(url="https://example.com/hooks/trunks")

    url: Url = Field(description="Where messages are posted: https, at a public address.")
    events: Events | None = Field(None, description=_EVENTS)
    description: Line | None = Field(None, description="For people.")
    enabled: Switch = Field(True, description="Whether it gets messages.")


class UpdateEndpoint(Body):
    """The body of Update Webhook Endpoint (ours): what is left out stays."""

    model_config = shown_with(enabled=True)

    url: Url = Field("", description="Where messages are posted.")
    events: Events | None = Field(None, description=f"{_EVENTS[:-1]}; null for those.")
    description: Line | None = Field(None, description="For people; null for none.")
    enabled: Switch = Field(True, description="true begins again behind a disabling.")

    def changes(self) -> dict[str, Any]:
        """The fields that were sent."""
        return self.sent()
