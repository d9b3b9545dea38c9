"""What calls carry to an edge, and whether that is answered as what carries none of it."""

from dataclasses import dataclass

from sipcheck.target import HostPort


@dataclass(frozen=True, slots=True)
class CallForm:
    """What calls to an edge would carry: a Route, or another name than the domain in Request-URI and To."""

    edge: str
    route: str | None = None
    host: HostPort | None = None


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """Whether an edge answered a form as it answers without; `said` is what came, as a person reads it."""

    form: CallForm
    same: bool
    silent: bool
    said: str
