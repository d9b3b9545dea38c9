"""What the middleware of a request hands on to what stands further in."""

from dataclasses import dataclass, field
from uuid import UUID

from starlette.types import Scope

from trunks.tenancy.tenants import Caller

_STATE = "trunkd"


@dataclass(slots=True)
class RequestState:
    """`caller` is None beside the dialects, where nobody is asked.

    `makes_id` is the id that what this request creates has under its Idempotency-Key; None without a key.
    `answer_headers` are what the answer gets, whoever gives it; they may be added to until it starts.
    """

    caller: Caller | None = None
    makes_id: UUID | None = None
    answer_headers: dict[str, str] = field(default_factory=dict)


def state_of(scope: Scope) -> RequestState:
    state: RequestState = scope.setdefault("state", {}).setdefault(_STATE, RequestState())
    return state
