"""What the middleware of a request hands on to what stands further in."""

from dataclasses import dataclass, field
from uuid import UUID

from starlette.types import Scope

from trunks.tenancy.tenants import Bearer, Caller

_STATE = "trunkd"


@dataclass(slots=True)
class RequestState:
    """`bearer` is None beside the dialects, where nobody is asked.

    `makes_id` is the id that what this request creates has under its Idempotency-Key; None without a key.
    `answer_headers` are what the answer gets, whoever gives it; they may be added to until it starts.
    """

    bearer: Bearer | None = None
    makes_id: UUID | None = None
    answer_headers: dict[str, str] = field(default_factory=dict)

    @property
    def caller(self) -> Caller | None:
        """Whom a token of an environment speaks for."""
        return self.bearer if isinstance(self.bearer, Caller) else None


def state_of(scope: Scope) -> RequestState:
    state: RequestState = scope.setdefault("state", {}).setdefault(_STATE, RequestState())
    return state
